#include "os/file_watcher.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace std::chrono_literals;
using os::FileWatcher;
using test::TempDir;
using test::wait_until;

namespace {

void append(const std::string& path, std::string_view text = "x") { std::ofstream(path, std::ios::app) << text; }

/// Counts wake-ups. Destroy it after its watch.
struct Counter {
  std::atomic<int> count = 0;
  FileWatcher::Callback callback() {
    return [this] { ++count; };
  }
  /// True: it was woken since the last call of this or settle().
  bool woken() {
    const bool was = wait_until([&] { return count > seen; });
    seen = count;
    return was;
  }
  int seen = 0;
};

/// Waits until the watcher has handled all that happened so far, by making an event that comes after it.
class Fence {
 public:
  explicit Fence(FileWatcher& watcher)
      : watch_(watcher.watch_name(dir_.path(), "fence", os::NameEvents::names_and_writes, counter_.callback())) {}
  void pass() {
    counter_.seen = counter_.count;
    append(dir_ / ("fence" + std::to_string(++number_)));
    REQUIRE(counter_.woken());
  }

 private:
  TempDir dir_;
  Counter counter_;
  std::unique_ptr<FileWatcher::Watch> watch_;
  int number_ = 0;
};

/// Lines of /proc/self/fdinfo that contain `word`: what the kernel holds for us.
std::vector<std::string> fdinfo_lines(const std::string& word) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);) {
      if (line.find(word) != std::string::npos) lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace

TEST_CASE("watch_file: wakes on writes, truncation and renaming", "[os][watcher]") {
  const TempDir dir;
  append(dir / "f");
  append(dir / "other");
  Counter counter;
  const auto watcher = os::make_inotify_watcher();
  Fence fence(*watcher);
  const auto watch = watcher->watch_file(dir / "f", counter.callback());

  append(dir / "f");
  CHECK(counter.woken());
  std::filesystem::resize_file(dir / "f", 0);
  CHECK(counter.woken());
  std::filesystem::rename(dir / "f", dir / "g");
  CHECK(counter.woken());
  append(dir / "g");  // the file, not the name
  CHECK(counter.woken());

  append(dir / "other");
  fence.pass();
  CHECK(counter.count == counter.seen);
}

TEST_CASE("watch_file: wakes when the file is removed, open somewhere or not", "[os][watcher]") {
  const TempDir dir;
  append(dir / "f");
  Counter counter;
  const auto watcher = os::make_inotify_watcher();
  const auto watch = watcher->watch_file(dir / "f", counter.callback());
  SECTION("closed") {
    std::filesystem::remove(dir / "f");
    CHECK(counter.woken());
  }
  SECTION("open, as a -wal is") {
    const UniqueFd open(::open((dir / "f").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(open);
    std::filesystem::remove(dir / "f");
    CHECK(counter.woken());
  }
  SECTION("replaced by another") {
    append(dir / "new");
    std::filesystem::rename(dir / "new", dir / "f");
    CHECK(counter.woken());
  }
}

TEST_CASE("watch_file, watch_name: what is not there is not_found", "[os][watcher]") {
  const TempDir dir;
  append(dir / "f");
  const auto watcher = os::make_inotify_watcher();
  const auto code_of = [](auto&& fn) {
    try {
      (void)fn();
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode::internal;
  };
  CHECK(code_of([&] { return watcher->watch_file(dir / "no", [] {}); }) == ErrorCode::not_found);
  CHECK(code_of([&] { return watcher->watch_name(dir / "no", "x", os::NameEvents::names_and_writes, [] {}); }) ==
        ErrorCode::not_found);
  CHECK(code_of([&] { return watcher->watch_name(dir / "f", "x", os::NameEvents::names_and_writes, [] {}); }) ==
        ErrorCode::not_found);
  CHECK_THROWS_WITH(watcher->watch_file("/no/such", [] {}), "watch /no/such: No such file or directory");
}

TEST_CASE("watch_name: wakes for the name and what starts with it, and for nothing else", "[os][watcher]") {
  const TempDir dir;
  Counter counter;
  const auto watcher = os::make_inotify_watcher();
  Fence fence(*watcher);
  const auto watch = watcher->watch_name(dir.path(), "app.db", os::NameEvents::names_and_writes, counter.callback());

  for (const auto* name : {"app.db", "app.db-wal", "app.db-shm"}) {
    CAPTURE(name);
    append(dir / name, "");
    CHECK(counter.woken());
  }
  append(dir / "app.db");
  CHECK(counter.woken());  // written
  std::filesystem::rename(dir / "app.db-wal", dir / "aside");
  CHECK(counter.woken());
  std::filesystem::rename(dir / "aside", dir / "app.db-wal");
  CHECK(counter.woken());
  std::filesystem::remove(dir / "app.db-shm");
  CHECK(counter.woken());

  fence.pass();
  counter.seen = counter.count;
  append(dir / "app.db-wal");  // a write to it is its own watch's business
  append(dir / "app.d");
  append(dir / "bapp.db");
  std::filesystem::remove(dir / "bapp.db");
  fence.pass();
  CHECK(counter.count == counter.seen);
}

TEST_CASE("watch_name: for names only, a write is nobody's business", "[os][watcher]") {
  const TempDir dir;
  Counter counter;
  const auto watcher = os::make_inotify_watcher();
  Fence fence(*watcher);
  append(dir / "app.db");
  const auto watch = watcher->watch_name(dir.path(), "app.db", os::NameEvents::names, counter.callback());
  append(dir / "app.db");
  fence.pass();
  CHECK(counter.count == 0);
  std::filesystem::rename(dir / "app.db", dir / "aside");
  CHECK(counter.woken());
  append(dir / "app.db");
  CHECK(counter.woken());  // created
  fence.pass();
  counter.seen = counter.count;
  append(dir / "app.db");
  fence.pass();
  CHECK(counter.count == counter.seen);
}

TEST_CASE("watch_name: follows the name to a new file", "[os][watcher]") {
  const TempDir dir;
  append(dir / "app.db");
  Counter counter;
  const auto watcher = os::make_inotify_watcher();
  Fence fence(*watcher);
  const auto watch = watcher->watch_name(dir.path(), "app.db", os::NameEvents::names_and_writes, counter.callback());
  SECTION("renamed over it") {
    append(dir / "new");
    std::filesystem::rename(dir / "new", dir / "app.db");
  }
  SECTION("removed and created") {
    std::filesystem::remove(dir / "app.db");
    append(dir / "app.db", "");
  }
  CHECK(counter.woken());
  fence.pass();
  counter.seen = counter.count;
  append(dir / "app.db");
  CHECK(counter.woken());
  fence.pass();
  CHECK(fdinfo_lines("inotify wd:").size() == 3);  // fence, directory, and the new file: the old one is let go
}

TEST_CASE("watch_name: wakes when the directory goes", "[os][watcher]") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "d");
  Counter counter;
  const auto watcher = os::make_inotify_watcher();
  auto watch = watcher->watch_name(dir / "d", "app.db", os::NameEvents::names_and_writes, counter.callback());
  SECTION("removed, and back again") {
    std::filesystem::remove(dir / "d");
    CHECK(counter.woken());
    std::filesystem::create_directory(dir / "d");
    watch = watcher->watch_name(dir / "d", "app.db", os::NameEvents::names_and_writes, counter.callback());
    append(dir / "d/app.db");
    CHECK(counter.woken());
  }
  SECTION("renamed") {
    std::filesystem::rename(dir / "d", dir / "e");
    CHECK(counter.woken());
  }
}

TEST_CASE("watch_name: an empty name stands for every name", "[os][watcher]") {
  const TempDir dir;
  Counter counter;
  const auto watcher = os::make_inotify_watcher();
  const auto watch = watcher->watch_name(dir.path(), "", os::NameEvents::names_and_writes, counter.callback());
  append(dir / "anything");
  CHECK(counter.woken());
  std::filesystem::remove(dir / "anything");
  CHECK(counter.woken());
}

TEST_CASE("FileWatcher: watches on one file or directory are independent of each other", "[os][watcher]") {
  const TempDir dir;
  append(dir / "f");
  Counter first, second;
  const auto watcher = os::make_inotify_watcher();
  Fence fence(*watcher);
  const auto kernel_watches_before = fdinfo_lines("inotify wd:").size();
  auto watch = watcher->watch_file(dir / "f", first.callback());
  const auto other = watcher->watch_file(dir / "f", second.callback());
  CHECK(fdinfo_lines("inotify wd:").size() == kernel_watches_before + 1);
  append(dir / "f");
  CHECK(first.woken());
  CHECK(second.woken());

  watch.reset();
  fence.pass();
  first.seen = first.count;
  second.seen = second.count;
  append(dir / "f");
  CHECK(second.woken());
  CHECK(first.count == first.seen);
}

TEST_CASE("FileWatcher: a thousand databases in one directory, each woken for itself", "[os][watcher]") {
  constexpr std::size_t kCount = 1000;
  const TempDir dir;
  std::vector<Counter> counters(kCount);
  std::vector<std::unique_ptr<FileWatcher::Watch>> watches;
  const auto watcher = os::make_inotify_watcher();
  Fence fence(*watcher);
  const auto name = [](std::size_t i) { return "db" + std::to_string(i) + ".db"; };
  for (std::size_t i = 0; i < kCount; ++i) {
    watches.push_back(
        watcher->watch_name(dir.path(), name(i), os::NameEvents::names_and_writes, counters[i].callback()));
  }
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{10}, std::size_t{999}}) {
    CAPTURE(i);
    append(dir / (name(i) + "-wal"), "");
    CHECK(counters[i].woken());
    std::filesystem::remove(dir / (name(i) + "-wal"));
  }
  fence.pass();
  CHECK(std::count_if(counters.begin(), counters.end(), [](const Counter& c) { return c.count != 0; }) == 4);
  watches.clear();
  CHECK(fdinfo_lines("inotify wd:").size() == 1);  // the fence's
}

TEST_CASE("every_second: wakes about once a second, and the timer rests while nobody wants it", "[os][watcher]") {
  const auto watcher = os::make_inotify_watcher();
  const auto resting = std::vector<std::string>{"it_interval: (0, 0)"};
  CHECK(fdinfo_lines("it_interval") == resting);
  Counter first, second;
  auto watch = watcher->every_second(first.callback());
  {
    const auto other = watcher->every_second(second.callback());
    CHECK(fdinfo_lines("it_interval") == std::vector<std::string>{"it_interval: (1, 0)"});
    CHECK(first.woken());
    CHECK(second.woken());
  }
  CHECK(first.woken());
  watch.reset();
  CHECK(fdinfo_lines("it_interval") == resting);
}

TEST_CASE("Watch: destroying it waits for the callback that runs, and frees what it captured", "[os][watcher]") {
  const TempDir dir;
  append(dir / "f");
  const auto watcher = os::make_inotify_watcher();
  std::atomic<bool> has_begun = false, may_end = false, has_ended = false;
  auto captured = std::make_shared<int>(7);
  const std::weak_ptr<int> observer = captured;
  auto watch = watcher->watch_file(dir / "f", [&, captured] {
    has_begun = true;
    (void)wait_until([&] { return may_end.load(); });
    has_ended = true;
  });
  captured.reset();
  append(dir / "f");
  REQUIRE(wait_until([&] { return has_begun.load(); }));
  std::atomic<bool> ended_first = false;
  std::jthread destroyer([&] {
    watch.reset();
    ended_first = has_ended.load();
  });
  pause_for(5ms);  // the destroyer had time to be wrong
  may_end = true;
  destroyer.join();
  CHECK(ended_first);
  CHECK(observer.expired());
}

// Goal: no callback after its watch is gone, no race, no deadlock, whatever comes together.
// Method: writers and removers on one side, threads that watch and let go on the other; each callback checks that the
// watch it belongs to still lives.
TEST_CASE("Watch: may be destroyed while events fly", "[os][watcher][threads]") {
  const TempDir dir;
  const auto watcher = os::make_inotify_watcher();
  std::atomic<int> mistakes = 0, calls = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t](const std::stop_token& stop) {
        const auto name = dir / ("app.db" + std::to_string(t));
        for (int i = 0; !stop.stop_requested(); ++i) {
          append(name);
          if (i % 10 == 9) std::filesystem::remove(name);
        }
      });
    }
    std::vector<std::jthread> watchers;
    for (int t = 0; t < 3; ++t) {
      watchers.emplace_back([&, t] {
        for (int i = 0; i < 300; ++i) {
          std::atomic<bool> is_alive = true;
          const auto callback = [&] {
            ++calls;
            if (!is_alive) ++mistakes;
          };
          std::unique_ptr<FileWatcher::Watch> watch;
          try {
            watch = t == 0 ? watcher->watch_file(dir / "app.db0", callback)
                           : watcher->watch_name(dir.path(), "app.db" + std::string(t == 1 ? "" : "1"),
                                                 os::NameEvents::names_and_writes, callback);
          } catch (const Error& e) {
            if (e.code() != ErrorCode::not_found) ++mistakes;
          }
          const int before = calls;
          if (i % 3 == 0) (void)wait_until([&] { return calls > before; }, 5ms);
          watch.reset();
          is_alive = false;
        }
      });
    }
  }
  CHECK(mistakes == 0);
  CHECK(calls > 100);
  CHECK(fdinfo_lines("inotify wd:").empty());
}

// Goal: a queue that overflows loses no wake-up.
// Method: hold the watcher's thread in a callback, make more events than the kernel queues, and last one that is lost.
TEST_CASE("FileWatcher: when events were lost, everybody is woken and names are followed anew", "[os][watcher]") {
  std::size_t queued_max = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queued_max;
  if (queued_max == 0 || queued_max > 100'000) {
    WARN("skipped: max_queued_events is " << queued_max);
    return;
  }
  const TempDir dir;
  append(dir / "blocker");
  append(dir / "idle");
  append(dir / "app.db");
  const auto watcher = os::make_inotify_watcher();
  std::atomic<bool> has_begun = false, may_end = false;
  Counter noise, idle, name;
  const auto idle_watch = watcher->watch_file(dir / "idle", idle.callback());
  const auto name_watch = watcher->watch_name(dir.path(), "app.db", os::NameEvents::names_and_writes, name.callback());
  const auto noise_watch = watcher->watch_name(dir.path(), "noise", os::NameEvents::names_and_writes, noise.callback());
  const auto blocker = watcher->watch_file(dir / "blocker", [&] {
    has_begun = true;
    (void)wait_until([&] { return may_end.load(); });
  });
  append(dir / "blocker");
  REQUIRE(wait_until([&] { return has_begun.load(); }));

  const auto noisy = dir / "noise";
  for (std::size_t i = 0; i < queued_max / 2 + 100; ++i) {  // two events each that do not merge
    ::close(::open(noisy.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ::unlink(noisy.c_str());
  }
  std::filesystem::remove(dir / "app.db");
  append(dir / "app.db", "");  // lost
  may_end = true;

  CHECK(idle.woken());  // nothing happened to it
  CHECK(name.woken());
  append(dir / "app.db");
  CHECK(name.woken());
}

// Limits of a user namespace of its own stand for those of the machine.
TEST_CASE("child: reaches the limits of inotify", "[.child]") {
  if (!test::is_child()) return;
  if (::unshare(CLONE_NEWUSER) != 0) {
    std::fprintf(stderr, "skipped: no user namespaces here\n");
    return;
  }
  std::ofstream("/proc/sys/user/max_inotify_watches") << 5;
  std::ofstream("/proc/sys/user/max_inotify_instances") << 1;
  const TempDir dir;
  const auto watcher = os::make_inotify_watcher();
  std::vector<std::unique_ptr<FileWatcher::Watch>> watches;
  std::string said;
  const auto note = [&](auto&& fn) {
    try {
      fn();
      FAIL("there was no limit");
    } catch (const Error& e) {
      CHECK(e.code() == ErrorCode::no_space);
      said = e.what();
    }
  };
  note([&] {
    for (int i = 0; i < 10; ++i) {
      append(dir / std::to_string(i));
      watches.push_back(watcher->watch_file(dir / std::to_string(i), [] {}));
    }
  });
  CHECK(watches.size() == 5);
  CHECK_THAT(said, Catch::StartsWith("watch " + dir / "5") && Catch::Contains("fs.inotify.max_user_watches"));
  watches.pop_back();
  append(dir / "name");
  note([&] {
    watches.push_back(watcher->watch_name(dir.path(), "name", os::NameEvents::names_and_writes, [] {}));
  });                                              // room for one, needs two
  CHECK(fdinfo_lines("inotify wd:").size() == 4);  // and the one was given back
  watches.push_back(watcher->watch_file(dir / "name", [] {}));

  note([] { (void)os::make_inotify_watcher(); });
  CHECK_THAT(said, Catch::Contains("fs.inotify.max_user_instances"));
  watches.clear();
}

TEST_CASE("FileWatcher: reaching a limit of the kernel names the limit", "[os][watcher]") {
  test::Process child(test::child("child: reaches the limits of inotify"));
  const auto status = child.wait().value();
  CAPTURE(child.out());
  CHECK(status.code == 0);
  if (child.err().find("skipped") != std::string::npos) WARN(child.err());
}
