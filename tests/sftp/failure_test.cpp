// What goes wrong on the way to a server, and at it: killed, stopped, full, read-only, poor. With a real server.

#include <netdb.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <thread>

#include "base/clock.hpp"
#include "sftp/sshd.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using Steady = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::size_t kBig = 50'000'000;    // several times what is synced at once
constexpr std::size_t kFarIn = 40'000'000;  // much of it is safe at the server
constexpr std::size_t kEarly = 1'000'000;   // nothing of it is

/// Calls once, when that much of the body was read.
std::function<void(std::size_t)> once_at(std::size_t at, std::function<void()> what) {
  return [at, what = std::move(what), done = false](std::size_t read) mutable {
    if (read < at || std::exchange(done, true)) return;
    what();
  };
}

ConfigValues impatient(const Sshd& sshd) {
  return sshd.config({{"timeout", nanoseconds(1s)}, {"connect-timeout", nanoseconds(1s)}});
}

void set_age(const std::string& path, std::chrono::hours age) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - age);
}

}  // namespace

TEST_CASE("sftp failure: a put goes on where the server was killed and came back", "[sftp][failure]") {
  Sshd sshd;
  Store store(sshd.config());
  const std::string body = noise(kBig);
  const std::size_t at = GENERATE(kEarly, kFarIn);
  CAPTURE(at);
  TextSource source(body, once_at(at, [&] {
                      sshd.signal("KILL");
                      sshd.start_again();
                    }));
  store.replicator.Put("a/big", source, GENERATE(std::uint64_t{kBig}, kSizeUnknown));
  CHECK((content_of(sshd.store() + "/a/big") == body));
  store.put("a/next", "x");  // and what was left behind is removed
  CHECK(store.list() == Names{"a/big=" + std::to_string(kBig), "a/next=1"});
  CHECK(wait_until([&] { return tree(sshd.store()) == Names{"a/", "a/big", "a/next"}; }));
}

TEST_CASE("sftp failure: a put survives a server that is killed again and again", "[sftp][failure]") {
  Sshd sshd;
  Store store(sshd.config());
  const std::string body = noise(120'000'000);
  std::size_t next = 20'000'000;
  int kills = 0;
  TextSource source(body, [&](std::size_t read) {
    if (read < next) return;
    next += 25'000'000;
    ++kills;
    sshd.signal("KILL");
    sshd.start_again();
  });
  store.replicator.Put("big", source, kSizeUnknown);
  CHECK(kills == 5);
  CHECK((content_of(sshd.store() + "/big") == body));
}

TEST_CASE("sftp failure: a put to a server that does not come back fails soon, to be tried again", "[sftp][failure]") {
  Sshd sshd;
  Store store(sshd.config(), /*patience=*/500ms);
  store.put("a/kept", "as it was");
  const std::size_t at = GENERATE(kEarly, kFarIn);
  TextSource source(noise(kBig), once_at(at, [&] { sshd.signal("KILL"); }));
  const auto started = Steady::now();
  const auto error = error_of([&] { store.replicator.Put("a/kept", source, kBig); });
  CHECK(Steady::now() - started < 15s);
  REQUIRE(error);
  CHECK(error->Code() == LSHOST_E_UNAVAILABLE);
  CHECK(error->IsRetryable());
  CHECK_THAT(error->what(), Contains(sshd.host()));
  CHECK(content_of(sshd.store() + "/a/kept") == "as it was");

  sshd.start_again();
  store.put("a/next", "x");
  CHECK(wait_until([&] { return tree(sshd.store()) == Names{"a/", "a/kept", "a/next"}; }));
}

TEST_CASE("sftp failure: a stopped server costs a timeout, and nothing once it goes on", "[sftp][failure]") {
  Sshd sshd;
  Store store(impatient(sshd));
  store.put("a", "1");
  sshd.signal("STOP");
  const auto timed = [&](auto&& call) {
    const auto started = Steady::now();
    const auto error = error_of(call);
    CHECK(Steady::now() - started < 15s);
    REQUIRE(error);
    CHECK(error->Code() == LSHOST_E_UNAVAILABLE);
    CHECK(error->IsRetryable());
    CHECK_THAT(error->what(), Contains(sshd.host()) && Contains("within 1 s"));
  };
  timed([&] { store.put("b", "2"); });
  timed([&] { (void)store.get("a"); });
  timed([&] { (void)store.list(); });
  timed([&] { store.remove({"a"}); });
  sshd.signal("CONT");
  store.put("b", "2");
  CHECK(store.get("b") == "2");
}

TEST_CASE("sftp failure: a put outlives a server that is stopped for a while", "[sftp][failure]") {
  Sshd sshd;
  Store store(impatient(sshd));
  const std::string body = noise(kBig);
  std::jthread go_on;
  TextSource source(body, once_at(kFarIn, [&] {
                      sshd.signal("STOP");
                      go_on = std::jthread([&] {
                        pause_for(3s);  // longer than the timeout: this is what the test is about
                        sshd.signal("CONT");
                      });
                    }));
  store.replicator.Put("big", source, kSizeUnknown);
  go_on.join();
  CHECK((content_of(sshd.store() + "/big") == body));
  CHECK(sshd.logins() >= 2);
}

TEST_CASE("sftp failure: the host's stop ends every call at a stopped server at once", "[sftp][failure]") {
  Sshd sshd;
  const int which = GENERATE(0, 1, 2, 3, 4);
  CAPTURE(which);
  Store store(sshd.config());  // with timeouts of half a minute
  if (which != 4) store.put("a", noise(2'000'000));
  const std::string body = noise(kBig);
  sshd.signal("STOP");
  auto outcome = std::async(std::launch::async, [&]() -> std::string {
    try {
      if (which == 0) store.put("b", body);
      if (which == 1) (void)store.get("a");
      if (which == 2) (void)store.list();
      if (which == 3) store.remove({"a"});
      if (which == 4) store.put("first", "connects");
    } catch (const Cancelled&) {
      return "cancelled";
    } catch (const std::exception& e) {
      return e.what();
    }
    return "done";
  });
  CHECK(outcome.wait_for(300ms) == std::future_status::timeout);  // it waits for the server
  const auto asked = Steady::now();
  store.host.cancel();
  CHECK(outcome.get() == "cancelled");
  CHECK(Steady::now() - asked < 10s);
}

TEST_CASE("sftp failure: a connection that the server has closed meanwhile is replaced unseen", "[sftp][failure]") {
  Sshd sshd;
  Store store(sshd.config());
  store.put("a", "1");
  const int which = GENERATE(0, 1, 2, 3);
  sshd.signal("KILL");
  sshd.start_again();
  if (which == 0) store.put("b", "2");
  if (which == 1) CHECK(store.get("a") == "1");
  if (which == 2) CHECK(store.list() == Names{"a=1"});
  if (which == 3) store.remove({"a"});
}

TEST_CASE("sftp failure: a stream goes on where the server was killed and came back", "[sftp][failure]") {
  Sshd sshd;
  Store store(sshd.config());
  const std::string body = noise(20'000'000);
  store.put("big", body);
  const auto stream = store.replicator.Get("big", 0, UINT64_MAX);
  std::string got;
  std::vector<std::byte> buffer(100'000);
  bool killed = false;
  while (const std::size_t count = stream->Read(buffer)) {
    got.append(reinterpret_cast<const char*>(buffer.data()), count);
    if (got.size() > 5'000'000 && !std::exchange(killed, true)) {
      sshd.signal("KILL");
      sshd.start_again();
    }
  }
  CHECK((got == body));
}

TEST_CASE("sftp failure: a file that is shorter than it said is no whole object", "[sftp][failure]") {
  Sshd sshd;
  Store store(sshd.config());
  store.put("big", noise(20'000'000));
  const auto stream = store.replicator.Get("big", 0, UINT64_MAX);
  std::vector<std::byte> buffer(100'000);
  (void)stream->Read(buffer);
  fs::resize_file(sshd.store() + "/big", 10'000'000);
  const auto error = error_of([&] {
    while (stream->Read(buffer) > 0) continue;
  });
  REQUIRE(error);
  CHECK(error->Code() == LSHOST_E_CORRUPT);
  CHECK_THAT(error->what(), Contains("big ends at byte 10000000"));
}

TEST_CASE("sftp failure: a full disk is told as one, and leaves nothing", "[sftp][failure]") {
  const TempDir folder;
  Sshd sshd({"--tmpfs", folder / "small", "8m"});
  if (!sshd.missing().empty()) {
    WARN("skipped: " << sshd.missing());
    return;
  }
  Store store(sshd.config({{"path", folder / "small"}}));
  store.put("a/kept", "x");
  TextSource source(noise(20'000'000));
  const auto error = error_of([&] { store.replicator.Put("a/big", source, kSizeUnknown); });
  REQUIRE(error);
  CHECK(error->Code() == LSHOST_E_NO_SPACE);
  CHECK(error->IsRetryable());
  CHECK_THAT(error->what(), Contains("the disk of " + (folder / "small") + "/a is full"));
  CHECK(store.list() == Names{"a/kept=1"});
  const std::string fits = noise(6'000'000);  // so the torn one is gone
  store.put("a/fits", fits);
  CHECK((store.get("a/fits") == fits));
}

TEST_CASE("sftp failure: a server that only reads is told as such", "[sftp][failure]") {
  Sshd sshd({"--set", "Subsystem sftp internal-sftp -R"});
  write_file(sshd.store() + "/a", "1");
  Store store(sshd.config());
  const std::string key = GENERATE("b", "new/folder/b");
  const auto error = error_of([&] { store.put(key, "2"); });
  REQUIRE(error);
  CHECK(error->Code() == LSHOST_E_DENIED);
  CHECK_THAT(error->what(), Contains("permission denied"));
  CHECK(error_of([&] { store.remove({"a"}); }).value().Code() == LSHOST_E_DENIED);
  CHECK(store.get("a") == "1");
  CHECK(store.list() == Names{"a=1"});
}

TEST_CASE("sftp failure: without extensions all works, and what is lost is said once", "[sftp][failure]") {
  Sshd sshd({"--set", "Subsystem sftp internal-sftp -P posix-rename,fsync,statvfs"});
  Store store(sshd.config());
  const std::string body = noise(3'000'000);
  store.put("a/b", body);
  struct stat before{};
  REQUIRE(::stat((sshd.store() + "/a/b").c_str(), &before) == 0);
  store.put("a/b", body);
  struct stat after{};
  REQUIRE(::stat((sshd.store() + "/a/b").c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);  // the same bytes: it was never away
  std::string changed = body;
  changed[1'000'000] = static_cast<char>(changed[1'000'000] ^ 1);
  store.put("a/b", changed);
  CHECK((store.get("a/b") == changed));
  store.put("a/b", "shorter");
  CHECK(store.get("a/b") == "shorter");
  CHECK(tree(sshd.store()) == Names{"a/", "a/b"});
  const auto one = store.replicator.Get("a/b", 0, UINT64_MAX);
  const auto warnings = store.host.warnings();
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0], Contains("can not sync") && Contains("fsync@openssh.com"));
  CHECK_THAT(warnings[1], Contains("posix-rename@openssh.com"));
}

TEST_CASE("sftp failure: a put without fsync goes on where the server was killed", "[sftp][failure]") {
  Sshd sshd({"--set", "Subsystem sftp internal-sftp -P fsync"});
  Store store(sshd.config());
  const std::string body = noise(kBig);
  TextSource source(body, once_at(kFarIn, [&] {
                      sshd.signal("KILL");
                      sshd.start_again();
                    }));
  store.replicator.Put("big", source, kSizeUnknown);
  CHECK((content_of(sshd.store() + "/big") == body));
}

TEST_CASE("sftp failure: files of died writes are removed by a listing, once they are old", "[sftp][failure]") {
  Sshd sshd;
  const std::string old = sshd.store() + "/a/.x.lz4.tmp-0123456789abcdef";
  const std::string young = sshd.store() + "/a/.x.lz4.tmp-fedcba9876543210";
  const std::string foreign = sshd.store() + "/a/.x.tmp-of-somebody";
  for (const auto& path : {old, young, foreign}) write_file(path, "x");
  set_age(old, 25h);
  set_age(young, 23h);
  set_age(foreign, 1000h);
  Store store(sshd.config());
  CHECK(store.list("b").empty());  // looks into the root only
  CHECK(fs::exists(old));
  CHECK(store.list() == Names{"a/.x.tmp-of-somebody=1"});
  CHECK(wait_until([&] { return !fs::exists(old); }));
  CHECK(fs::exists(young));
  CHECK(fs::exists(foreign));
}

TEST_CASE("sftp failure: keys are changed in the middle of large transfers", "[sftp][failure]") {
  Sshd sshd({"--set", "RekeyLimit 1M"});
  Store store(sshd.config());
  const std::string body = noise(30'000'000);
  store.put("big", body);
  CHECK((store.get("big") == body));
}

TEST_CASE("sftp failure: a server without SFTP, and one that prints before it speaks", "[sftp][failure]") {
  const bool prints = GENERATE(true, false);
  Sshd sshd({"--set", prints ? "ForceCommand echo Welcome to this server; sleep 5" : "Subsystem other internal-sftp"});
  Store store(impatient(sshd));
  const auto error = error_of([&] { store.put("a", "1"); });
  REQUIRE(error);
  CHECK(error->IsRetryable());
  CHECK_THAT(error->what(), Contains(prints ? "'Welc'; a login script" : "is the subsystem configured there?"));
}

TEST_CASE("sftp failure: something else where a folder has to be", "[sftp][failure]") {
  Sshd sshd;
  write_file(sshd.store() + "/a", "a file");
  Store store(sshd.config());
  const auto error = error_of([&] { store.put("a/b", "1"); });
  REQUIRE(error);
  CHECK_THAT(error->what(), Contains(sshd.store() + "/a"));
  CHECK(content_of(sshd.store() + "/a") == "a file");
  CHECK(error_of([&] { store.put("", "1"); }));
}

TEST_CASE("sftp failure: a name that does not resolve, and a port where nobody listens", "[sftp][failure]") {
  Sshd sshd;
  Store nobody(sshd.config({{"host", "host.invalid"}}));
  CHECK_THAT(error_of([&] { nobody.put("a", "1"); }).value().what(), Contains("host.invalid: the name can not"));
  sshd.signal("KILL");
  Store store(sshd.config());
  const auto error = error_of([&] { store.put("a", "1"); });
  CHECK(error.value().Code() == LSHOST_E_UNAVAILABLE);
  CHECK_THAT(error.value().what(), Contains(sshd.host() + ": no connection: Connection refused"));
}

TEST_CASE("sftp failure: all addresses of a name are tried", "[sftp][failure]") {
  addrinfo* addresses = nullptr;
  if (::getaddrinfo("localhost", nullptr, nullptr, &addresses) != 0) {
    std::cout << "skipped: this machine does not know its own name localhost (/etc/hosts)" << std::endl;
    std::exit(77);  // what ctest counts as skipped
  }
  ::freeaddrinfo(addresses);
  const Sshd sshd;  // listens on 127.0.0.1, which is the second address of a localhost that has ::1
  const std::string port = sshd.host().substr(sshd.host().find(':'));
  Store store(sshd.config({{"host", "localhost" + port}, {"host-key", sshd.host_key()}}));
  store.put("a", "1");
  CHECK(store.get("a") == "1");
}

TEST_CASE("sftp failure: a stream of any size is stored in bounded memory", "[sftp][failure]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::cout << "skipped: sanitizers keep what was freed and notes of every access, so memory tells nothing"
            << std::endl;
  std::exit(77);  // what ctest counts as skipped
#endif
  Sshd sshd;
  Store store(sshd.config());
  constexpr std::size_t kSize = 250'000'000;
  constexpr std::size_t kMegabyte = 1'000'000;
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0;
    std::size_t pages = 0;
    statm >> total >> pages;
    return pages * 4096;
  };
  class Endless final : public Source {
   public:
    explicit Endless(std::function<void()> each) : each_(std::move(each)) {}
    std::size_t Read(std::span<std::byte> into) override {
      each_();
      const std::size_t count = std::min(into.size(), kSize - at_);
      std::fill_n(into.begin(), count, std::byte{42});
      at_ += count;
      return count;
    }

   private:
    std::function<void()> each_;
    std::size_t at_ = 0;
  };
  store.put("a", "1");
  const std::size_t before = resident();
  std::size_t most = 0;
  Endless body([&] { most = std::max(most, resident()); });
  store.replicator.Put("big", body, kSizeUnknown);
  CHECK(fs::file_size(sshd.store() + "/big") == kSize);
  CHECK(most - before < 64 * kMegabyte);
}
