// Goal: a few lines of shell are as good a store as the others, and programs that misbehave are told of and ended.

#include <fcntl.h>
#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <sstream>

#include "exec_replicator.hpp"
#include "support/store_conformance.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "support/world.hpp"

namespace {

using namespace lshost::test;
using namespace std::chrono_literals;
namespace exec = lshost::exec;
using Catch::Contains;
using lshost::v1::Blob;
using lshost::v1::Cancelled;
using lshost::v1::Context;
using lshost::v1::Error;
using lshost::v1::kSizeUnknown;
using lshost::v1::Source;
using Words = std::vector<std::string>;

const std::string kScript = std::string(LSHOST_TEST_SOURCE_DIR) + "/tests/exec/folder.sh";

/// The script as a store in `root`.
ConfigValues script_config(const std::string& root) {
  std::filesystem::create_directories(root);
  return {{"put", Words{kScript, "put", root, "{name}"}},
          {"get", Words{kScript, "get", root, "{name}"}},
          {"list", Words{kScript, "list", root}},
          {"remove", Words{kScript, "remove", root}}};
}

std::string fresh_root() {
  static const TempDir root;
  static std::atomic<int> places{0};
  return root / std::to_string(++places);
}

const StoreKind& kind() {
  static const StoreKind it{"exec",
                            [] {
                              const auto root = fresh_root();
                              auto config = script_config(root);
                              config["get-range"] = Words{kScript, "range", root, "{name}", "{offset}", "{length}"};
                              return config;
                            },
                            [](Context context) { return std::make_unique<exec::ExecReplicator>(context); },
                            /*keeps_existing=*/false};
  return it;
}

/// A store whose programs are these; what is not named is the script in a fresh folder.
class Store {
 public:
  explicit Store(const ConfigValues& other = {})
      : root_(fresh_root()), host_(config_with(other)), store_(host_.context()) {}
  [[nodiscard]] exec::ExecReplicator& operator*() { return store_; }
  [[nodiscard]] exec::ExecReplicator* operator->() { return &store_; }
  [[nodiscard]] FakeHost& host() { return host_; }
  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  ConfigValues config_with(const ConfigValues& other) const {
    auto config = script_config(root_);
    for (const auto& [key, value] : other) config[key] = value;
    return config;
  }

  const std::string root_;
  FakeHost host_;
  exec::ExecReplicator store_;
};

class Text final : public Source {
 public:
  explicit Text(std::string text, std::function<void()> at_end = {})
      : text_(std::move(text)), at_end_(std::move(at_end)) {}
  std::size_t Read(std::span<std::byte> into) override {
    const auto count = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    if (count == 0 && at_end_) at_end_();
    return count;
  }

 private:
  const std::string text_;
  const std::function<void()> at_end_;
  std::size_t at_ = 0;
};

void put(Store& store, const std::string& key, const std::string& text) {
  Text body(text);
  store->Put(key, body, text.size());
}

template <class Fn>
Error error_of(Fn&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e;
  }
  FAIL("nothing was thrown");
  return {0, ""};
}

Words shell(const std::string& script) { return {"sh", "-c", script}; }

}  // namespace

LSHOST_STORE_CONFORMANCE("exec", kind())

TEST_CASE("exec: a range without get-range, and removal one by one, are the same", "[exec]") {
  Store store;
  put(store, "a/b", "0123456789");
  CHECK(store->Get("a/b", 3, 4)->ReadAll() == "3456");
  CHECK(store->Get("a/b", 3, UINT64_MAX)->ReadAll() == "3456789");
  CHECK(store->Get("a/b", 10, 5)->ReadAll().empty());
  Store one_by_one({{"remove", Words{kScript, "remove-one", store.root(), "{name}"}}});
  const std::vector<std::string> names{"a/none", "a/b"};
  one_by_one->Remove(names);
  CHECK(error_of([&] { (void)store->Get("a/b", 0, UINT64_MAX); }).Code() == LSHOST_E_NOT_FOUND);
}

TEST_CASE("exec: a failure has the program, its code and its last words, and no secret", "[exec]") {
  Store store({{"put", shell("cat >/dev/null; echo first >&2; echo \"denied for $TOKEN\" >&2; exit 7")},
               {"get", shell("echo some; kill -9 $$")},
               {"list", shell("printf '1\\ta\\n'; exit 1")},
               {"remove", shell("echo nothing is removed; exit 5")},
               {"env", Words{"TOKEN=hunter2-hunter2"}}});
  const auto put_error = error_of([&] { put(store, "k", "text"); });
  CHECK(put_error.IsRetryable());
  CHECK(std::string(put_error.what()) == "put k: sh ended with code 7: first; denied for ***");
  const auto source = store->Get("k", 0, UINT64_MAX);
  CHECK_THAT(error_of([&] { (void)source->ReadAll(); }).what(), Contains("get k: sh was ended by signal 9"));
  std::size_t listed = 0;
  const auto list_error = error_of([&] { store->List("", [&](const Blob&) { ++listed; }); });
  CHECK_THAT(list_error.what(), Contains("list : sh ended with code 1"));
  CHECK(listed == 0);  // half a listing is none
  const std::vector<std::string> names{"a"};
  CHECK_THAT(error_of([&] { store->Remove(names); }).what(), Contains("code 5: nothing is removed"));
}

TEST_CASE("exec: a program that is not there is a mistake of the configuration", "[exec]") {
  Store store({{"get", Words{"/no/such/program", "{name}"}}});
  const auto error = error_of([&] { (void)store->Get("k", 0, UINT64_MAX); });
  CHECK(error.Code() == LSHOST_E_CONFIG);
  CHECK_THAT(error.what(), Contains("can not run /no/such/program: No such file or directory"));
}

TEST_CASE("exec: one that ends well without having read all has stored nothing", "[exec]") {
  Store store({{"put", Words{"true"}}, {"remove", Words{"true"}}});
  for (const std::size_t size : {std::size_t{1}, std::size_t{1} << 20}) {
    CAPTURE(size);
    CHECK_THAT(error_of([&] { put(store, "k", std::string(size, 'x')); }).what(), Contains("before it had read all"));
  }
  const std::vector<std::string> names{"a"};
  CHECK_THAT(error_of([&] { store->Remove(names); }).what(), Contains("before it had read all"));
}

TEST_CASE("exec: a body that fails kills the program before it could see an end of its input", "[exec]") {
  const TempDir folder;
  const std::string all = folder / "all";
  Store store({{"put", shell("cat >" + (folder / "part") + "; touch " + all)}});
  for (int i = 0; i < 20; ++i) {
    Text body("the beginning", [] { throw Error::Retryable("the body broke"); });
    CHECK_THAT(error_of([&] { store->Put("k", body, kSizeUnknown); }).what(), Contains("the body broke"));
    CHECK_FALSE(std::filesystem::exists(all));
  }
}

TEST_CASE("exec: a silent program is ended with all that it started; one that works on is not", "[exec]") {
  const TempDir folder;
  const std::string pids = folder / "pids";
  Store store({{"timeout", std::chrono::nanoseconds(700ms)},
               {"get", shell("sleep 300 & echo $$ $! >" + pids + "; wait")},
               {"list", shell("for i in 1 2 3 4 5 6; do sleep 0.3; echo busy >&2; done; printf '1\\ta\\n'")}});
  const auto error = error_of([&] { (void)store->Get("k", 0, UINT64_MAX); });
  CHECK(error.IsRetryable());
  CHECK_THAT(error.what(), Contains("sh neither took nor printed anything for 700 ms and was ended"));
  std::istringstream numbers(read_text(pids));
  pid_t leader = 0, child = 0;
  REQUIRE(numbers >> leader >> child);
  const auto is_gone = [](pid_t pid) {
    return read_text("/proc/" + std::to_string(pid) + "/stat").find(" Z ") != std::string::npos || ::kill(pid, 0) != 0;
  };
  CHECK(wait_until([&] { return is_gone(leader) && is_gone(child); }));
  std::size_t listed = 0;
  store->List("", [&](const Blob&) { ++listed; });
  CHECK(listed == 1);
}

TEST_CASE("exec: a stop ends a running program at once", "[exec]") {
  Store store({{"get", shell("exec sleep 300")}});
  auto cancelled = std::async(std::launch::async, [&] {
    try {
      (void)store->Get("k", 0, UINT64_MAX);
      return false;
    } catch (const Cancelled&) {
      return true;
    }
  });
  store.host().cancel();
  REQUIRE(cancelled.wait_for(60s) == std::future_status::ready);
  CHECK(cancelled.get());
}

TEST_CASE("exec: a program gets three descriptors, no ignored signal, and the environment", "[exec]") {
  const exec::UniqueFd leaked(::fcntl(2, F_DUPFD, 20));  // without close-on-exec, as foreign code has them
  REQUIRE(leaked);
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  Store store({{"get", shell("cd /proc/self; ls fd; grep SigIgn status; echo $ADDED $HOME")},
               {"env", Words{"ADDED=yes=1", "HOME=/nowhere"}}});
  std::istringstream said(store->Get("k", 0, UINT64_MAX)->ReadAll());
  (void)::signal(SIGPIPE, before);
  for (const auto* fd : {"0", "1", "2"}) {
    std::string line;
    std::getline(said, line);
    CHECK(line == fd);
  }
  std::string name, ignored, rest;
  said >> name >> ignored;
  CHECK(name == "SigIgn:");
  CHECK((std::stoull(ignored, nullptr, 16) & 0x7fffffffU) == 0);  // the C library has signals of its own above
  std::getline(said >> std::ws, rest);
  CHECK(rest == "yes=1 /nowhere");
}

TEST_CASE("exec: keys that make no sense are refused", "[exec]") {
  const auto refusal = [](const std::string& key, ConfigValue value) {
    return std::string(error_of([&] { (void)Store({{key, std::move(value)}}); }).what());
  };
  CHECK_THAT(refusal("put", Words{"x", "{prefix}"}), Contains("put: there is no placeholder {prefix} here"));
  CHECK_THAT(refusal("env", Words{"hunter2"}), Contains("NAME=value") && !Contains("hunter2"));
  CHECK_THAT(refusal("list-separator", std::string("0")), Contains("list-separator"));
  CHECK_THAT(refusal("timeout", std::chrono::nanoseconds(0)), Contains("timeout"));
  CHECK_THAT(refusal("get", Words{}), Contains("get: expected a program"));
}
