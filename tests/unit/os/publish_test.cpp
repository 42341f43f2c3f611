#include "os/publish.hpp"

#include <catch2/catch.hpp>

#include "support/fault_fs.hpp"

using namespace lshost;
using test::FaultFs;

namespace {

using Bytes = std::vector<std::byte>;

const Bytes kOld(70, std::byte{1});
const Bytes kNew(1000, std::byte{7});

/// True: reported as done.
bool try_publish(FaultFs& fs) {
  try {
    os::publish(fs, "test.publish", "/r", "seg", kNew);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

// Goal: publish() leaves nothing or everything, and what it reported as done survives a crash.
// Method: fail the 1st, 2nd, 3rd... operation in turn, until a run gets through untouched; lose the power in the
// worst way, and in some random ones.
TEST_CASE("publish: a failure or crash at any step leaves nothing or everything", "[os][crash]") {
  for (std::uint64_t nth = 1;; ++nth) {
    bool fired = false;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      CAPTURE(nth, seed);
      FaultFs fs;
      fs.fail_nth(nth);
      const bool reported_done = try_publish(fs);
      fired = fs.fired();
      seed == 0 ? fs.crash() : fs.crash(seed);

      const auto* found = fs.find("/r/seg");
      if (found != nullptr) REQUIRE(*found == kNew);  // never a part of it
      if (reported_done) REQUIRE(found != nullptr);   // never a promise that a crash breaks
      REQUIRE(reported_done == !fired);
    }
    if (!fired) break;  // every step has failed once
  }
}

TEST_CASE("publish: a failure or crash at any step leaves the old content or the new", "[os][crash]") {
  for (std::uint64_t nth = 1;; ++nth) {
    bool fired = false;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      CAPTURE(nth, seed);
      FaultFs fs;
      fs.put("/r/seg", kOld);
      fs.fail_nth(nth);
      const bool reported_done = try_publish(fs);
      fired = fs.fired();
      seed == 0 ? fs.crash() : fs.crash(seed);

      const auto* found = fs.find("/r/seg");
      REQUIRE(found != nullptr);
      REQUIRE((*found == kNew || *found == kOld));
      if (reported_done) REQUIRE(*found == kNew);
    }
    if (!fired) break;
  }
}

// The power goes before each step, rather than the step failing.
TEST_CASE("publish: a crash before any step leaves the old content or the new", "[os][crash]") {
  for (std::uint64_t steps = 1;; ++steps) {
    CAPTURE(steps);
    FaultFs fs;
    fs.put("/r/seg", kOld);
    std::uint64_t done = 0;
    bool crashed = false;
    fs.before_each([&](const test::FsOperation&) {
      if (++done != steps) return;
      fs.crash();
      crashed = true;
      throw Error(ErrorCode::cancelled, "the machine is off");
    });
    const bool reported_done = try_publish(fs);
    const auto* found = fs.find("/r/seg");
    REQUIRE(found != nullptr);
    REQUIRE((*found == kNew || *found == kOld));
    REQUIRE(reported_done == !crashed);
    if (!crashed) break;
  }
}

TEST_CASE("publish: the bytes are durable before the name, and the name before it returns", "[os]") {
  FaultFs fs;
  os::publish(fs, "test.publish", "/r", "seg", kNew);
  CHECK(fs.story() == std::vector<std::string>{"create /r/seg.tmp", "append /r/seg.tmp", "sync /r/seg.tmp",
                                               "close /r/seg.tmp", "rename /r/seg", "sync_directory /r"});
}

TEST_CASE("publish: a failure removes the unfinished file, and a failure to do so is not the one reported", "[os]") {
  FaultFs fs;
  fs.fail_kind("sync", ErrorCode::no_space);
  SECTION("removed") {
    CHECK_THROWS_WITH(os::publish(fs, "test.publish", "/r", "seg", kNew), "test.publish /r/seg.tmp: injected failure");
    CHECK(fs.list("test", "/r").value().empty());
  }
  SECTION("not removed either") {
    fs.fail_kind("remove", ErrorCode::denied);
    try {
      os::publish(fs, "test.publish", "/r", "seg", kNew);
      FAIL("nothing was thrown");
    } catch (const Error& e) {
      CHECK(e.code() == ErrorCode::no_space);
    }
    CHECK(fs.list("test", "/r").value() == std::vector<std::string>{"seg.tmp"});
  }
}

TEST_CASE("publish: what a crash left behind is overwritten by the next one", "[os]") {
  FaultFs fs;
  fs.put("/r/seg.tmp", Bytes(5000, std::byte{9}));
  os::publish(fs, "test.publish", "/r", "seg", kNew, 0640);
  fs.crash();
  CHECK(*fs.find("/r/seg") == kNew);
  CHECK(fs.stat("test", "/r/seg")->mode == 0640);
  CHECK(fs.find("/r/seg.tmp") == nullptr);
}
