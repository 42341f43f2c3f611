#include "support/fault_fs.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "support/faulting_fs.hpp"
#include "support/temp_dir.hpp"

// What other tests conclude from this disk is worth as much as the disk itself.

using namespace lshost;
using test::FaultFs;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

std::string text_of(const Bytes* bytes) {
  return bytes == nullptr ? "(no file)" : std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

ErrorCode code_of(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e.code();
  }
  FAIL("nothing was thrown");
  return ErrorCode::internal;
}

}  // namespace

TEST_CASE("FaultFs: a crash keeps synced bytes under synced names and nothing else", "[support]") {
  FaultFs fs;
  auto file = fs.create("t", "/r/a", 0600);
  file->append("t", bytes_of("durable"));
  file->sync("t");
  file->append("t", bytes_of(" and not"));
  CHECK(text_of(fs.find("/r/a")) == "durable and not");

  SECTION("name not synced") {
    fs.crash();
    CHECK(text_of(fs.find("/r/a")) == "(no file)");
  }
  SECTION("name synced") {
    fs.sync_directory("t", "/r");
    fs.crash();
    CHECK(text_of(fs.find("/r/a")) == "durable");
  }
  SECTION("renamed, undone") {
    fs.sync_directory("t", "/r");
    fs.rename("t", "/r/a", "/r/b");
    fs.crash();
    CHECK(text_of(fs.find("/r/a")) == "durable");
    CHECK(text_of(fs.find("/r/b")) == "(no file)");
  }
  SECTION("renamed, synced") {
    fs.rename("t", "/r/a", "/r/b");
    fs.sync_directory("t", "/r");
    fs.crash();
    CHECK(text_of(fs.find("/r/a")) == "(no file)");
    CHECK(text_of(fs.find("/r/b")) == "durable");
  }
  SECTION("removed, undone") {
    fs.sync_directory("t", "/r");
    fs.remove("t", "/r/a");
    CHECK(text_of(fs.find("/r/a")) == "(no file)");
    fs.crash();
    CHECK(text_of(fs.find("/r/a")) == "durable");
  }
  SECTION("emptied, undone") {
    fs.sync_directory("t", "/r");
    (void)fs.create("t", "/r/a", 0600);
    fs.crash();
    CHECK(text_of(fs.find("/r/a")) == "durable");
  }
  CHECK(code_of([&] { file->append("t", bytes_of("x")); }) == ErrorCode::internal);  // its process died
}

TEST_CASE("FaultFs: directories are durable when create_directories returns", "[support]") {
  FaultFs fs;
  fs.create_directories("t", "/r/x/y", 0700);
  fs.crash();
  CHECK(fs.stat("t", "/r/x/y")->is_directory);
}

TEST_CASE("FaultFs: after a failed sync a second one succeeds and saves nothing", "[support]") {
  FaultFs fs;
  auto file = fs.create("t", "/r/a", 0600);
  fs.sync_directory("t", "/r");
  file->append("t", bytes_of("lost"));
  fs.fail_kind("sync", ErrorCode::transient, 1);
  CHECK_THROWS_AS(file->sync("t"), Error);
  SECTION("synced again") {
    file->sync("t");
    fs.crash();
    CHECK(text_of(fs.find("/r/a")).empty());
  }
  SECTION("written again from the last good size") {
    file->truncate("t", 0);
    file->append("t", bytes_of("new"));
    file->sync("t");
    fs.crash();
    CHECK(text_of(fs.find("/r/a")) == "new");
  }
}

TEST_CASE("FaultFs: a random crash yields different prefixes, zeros, and both ends of a rename", "[support]") {
  std::set<std::string> contents;
  std::set<bool> renamed;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    FaultFs fs;
    fs.put("/r/a", bytes_of("old."));
    auto file = fs.open_append("t", "/r/a");
    file->append("t", Bytes(3000, std::byte{'n'}));
    fs.rename("t", "/r/a", "/r/b");
    fs.crash(seed);

    const bool is_renamed = fs.find("/r/b") != nullptr;
    REQUIRE(is_renamed != (fs.find("/r/a") != nullptr));  // exactly one of the names
    const auto text = text_of(fs.find(is_renamed ? "/r/b" : "/r/a"));
    REQUIRE(text.substr(0, 4) == "old.");
    REQUIRE(text.size() <= 3004);
    contents.insert(text);
    renamed.insert(is_renamed);
  }
  CHECK(renamed.size() == 2);
  CHECK(contents.size() > 100);
  CHECK(std::any_of(contents.begin(), contents.end(),
                    [](const std::string& text) { return text.find('\0') != std::string::npos; }));
}

TEST_CASE("FaultFs: fail_nth fails one operation, and an append by half", "[support]") {
  FaultFs fs;
  auto file = fs.create("t", "/r/a", 0600);
  fs.fail_nth(2);
  file->append("t", bytes_of("1234"));
  CHECK_FALSE(fs.fired());
  CHECK_THROWS_WITH(file->append("step", bytes_of("5678")), "step /r/a: injected failure");
  CHECK(fs.fired());
  CHECK(text_of(fs.find("/r/a")) == "123456");
  CHECK(file->size() == 4);
  file->append("t", bytes_of("x"));  // overwrites what failed, as far as it goes
  CHECK(text_of(fs.find("/r/a")) == "1234x6");
}

TEST_CASE("FaultFs: fail_op fails a step by its name until healed", "[support]") {
  FaultFs fs;
  fs.fail_op("bad", ErrorCode::denied);
  CHECK(code_of([&] { (void)fs.create("bad", "/r/a", 0600); }) == ErrorCode::denied);
  CHECK(code_of([&] { (void)fs.stat("bad", "/r/a"); }) == ErrorCode::denied);
  CHECK_FALSE(fs.stat("good", "/r/a").has_value());
  fs.heal();
  CHECK_FALSE(fs.stat("bad", "/r/a").has_value());
}

TEST_CASE("FaultFs: a full disk takes what fits and says no_space", "[support]") {
  FaultFs fs;
  fs.put("/r/other", bytes_of("12345678"));
  fs.limit_space(10);
  auto file = fs.create("t", "/r/a", 0600);
  CHECK(code_of([&] { file->append("t", bytes_of("abcd")); }) == ErrorCode::no_space);
  CHECK(text_of(fs.find("/r/a")) == "ab");
  fs.remove("t", "/r/other");
  file->append("t", bytes_of("abcd"));
  CHECK(text_of(fs.find("/r/a")) == "abcd");
}

TEST_CASE("FaultingFs: fails the same way on a real disk", "[support]") {
  const test::TempDir dir;
  test::FaultingFs fs;
  auto file = fs.create("t", dir / "a", 0600);
  fs.fail_nth(1, ErrorCode::no_space);
  CHECK(code_of([&] { file->append("t", bytes_of("1234")); }) == ErrorCode::no_space);
  CHECK(fs.stat("t", dir / "a")->size_bytes == 2);
  file->append("t", bytes_of("1234"));
  file->sync("t");
  file->close("t");

  fs.fail_op("go", ErrorCode::denied, 1);
  CHECK(code_of([&] { fs.rename("go", dir / "a", dir / "b"); }) == ErrorCode::denied);
  CHECK(fs.stat("t", dir / "a").has_value());
  fs.rename("go", dir / "a", dir / "b");
  CHECK(os::read_small_file(fs, "t", dir / "b").value() == "1234");
}
