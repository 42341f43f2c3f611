// bench_follower: the practical limit. The least program that replicates a WAL correctly while it runs, and nothing
// more.
//
// It holds a read slot with an infinite mark (nobody restarts the WAL) and the checkpoint lock (nobody checkpoints),
// wakes on inotify, copies the frames up to the wal-index's mxFrame to one file, and syncs it. No shadow WAL, no
// checksums, no checkpoint (the WAL grows for as long as it runs), no resume, no error recovery. See bench/README.md.

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "clock.hpp"
#include "option_parser.hpp"
#include "sqlite_db.hpp"

namespace lshost::bench {
namespace {

constexpr int kLockCheckpoint = 1;
constexpr int kLockRead4 = 7;
constexpr std::int64_t kPauseMinNs = 8'000;
constexpr std::int64_t kPauseMaxNs = 40'000'000;
constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

int open_or_throw(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) fail(path);
  return fd;
}

void write_all(int fd, std::span<const unsigned char> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0) fail("write to the replica");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

/// One database and its replica. Descriptors live as long as the process.
class Follower {
 public:
  Follower(const std::string& db, const std::string& replica, bool syncs_source)
      : db_(db), syncs_source_(syncs_source) {
    db_.exec("PRAGMA journal_mode=WAL");
    page_size_ = static_cast<std::uint64_t>(db_.integer("PRAGMA page_size"));
    (void)db_.integer("SELECT count(*) FROM sqlite_schema");  // a first read makes the -wal and -shm exist
    guard();
    live_ = open_or_throw(db + "-wal", O_RDONLY);
    const std::string generation = replica + "/generations/0000000000000001";
    std::filesystem::create_directories(generation + "/snapshots");
    std::filesystem::create_directories(generation + "/wal");
    snapshot(db, generation + "/snapshots/0000000000000000.snapshot");
    replica_ = open_or_throw(generation + "/wal/0000000000000000.wal", O_WRONLY | O_CREAT | O_TRUNC);
  }

  /// Copies what was committed since the last call. True if there was anything.
  bool follow() {
    const std::uint64_t frames = committed_frames();
    if (frames <= copied_frames_) return false;
    if (syncs_source_ && ::fdatasync(live_) != 0) fail("fdatasync of the live WAL");
    copy_until(kWalHeader + frames * (kFrameHeader + page_size_));
    if (::fdatasync(replica_) != 0) fail("fdatasync of the replica");
    copied_frames_ = frames;
    return true;
  }

 private:
  static constexpr std::uint64_t kWalHeader = 32;
  static constexpr std::uint64_t kFrameHeader = 24;

  void guard() {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
    void volatile* map = nullptr;
    db_.check(file->pMethods->xShmMap(file, 0, 32768, 0, &map));
    index_ = static_cast<const volatile std::uint32_t*>(map);
    db_.check(file->pMethods->xShmLock(file, kLockRead4, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED));
    db_.check(file->pMethods->xShmLock(file, kLockCheckpoint, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE));
  }

  // The file can not change while the checkpoint lock is held. The descriptor is never closed: closing it would drop
  // SQLite's POSIX locks on the database.
  static void snapshot(const std::string& db, const std::string& path) {
    const int from = open_or_throw(db, O_RDONLY);
    const int to = open_or_throw(path + ".tmp", O_WRONLY | O_CREAT | O_TRUNC);
    std::vector<unsigned char> buffer(kChunkBytes);
    for (ssize_t got; (got = ::read(from, buffer.data(), buffer.size())) != 0;) {
      if (got < 0) fail(db);
      write_all(to, {buffer.data(), static_cast<std::size_t>(got)});
    }
    if (::fsync(to) != 0) fail(path);
    ::close(to);
    std::filesystem::rename(path + ".tmp", path);
  }

  // mxFrame of both copies of the header; equal means that nobody is in the middle of publishing.
  [[nodiscard]] std::uint64_t committed_frames() const {
    for (;;) {
      const std::uint32_t first = index_[4];
      std::atomic_thread_fence(std::memory_order_seq_cst);
      if (index_[12 + 4] == first) return first;
    }
  }

  void copy_until(std::uint64_t end) {
    std::array<unsigned char, kChunkBytes> buffer;
    while (copied_bytes_ < end) {
      const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), end - copied_bytes_);
      const ssize_t got = ::pread(live_, buffer.data(), wanted, static_cast<off_t>(copied_bytes_));
      if (got <= 0) fail("read of the live WAL");
      write_all(replica_, {buffer.data(), static_cast<std::size_t>(got)});
      copied_bytes_ += static_cast<std::uint64_t>(got);
    }
  }

  Db db_;
  bool syncs_source_;
  std::uint64_t page_size_ = 0;
  const volatile std::uint32_t* index_ = nullptr;
  int live_ = -1;
  int replica_ = -1;
  std::uint64_t copied_frames_ = 0;
  std::uint64_t copied_bytes_ = 0;
};

/// Follows all databases on one thread until SIGTERM.
class Loop {
 public:
  Loop() : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), signals_(block_signals()) {}

  void add(const std::string& db, const std::string& replica, bool syncs_source) {
    followers_.push_back(std::make_unique<Follower>(db, replica, syncs_source));
    const int watch = ::inotify_add_watch(inotify_, (db + "-wal").c_str(), IN_MODIFY);
    if (watch < 0) fail(db + "-wal");
    by_watch_[watch] = followers_.back().get();
  }

  void run() {
    while (!is_stopped(-1)) {
      (void)take_events();
      // The event comes before the commit is published, and none follows: look again, with a pause that grows until
      // there is something new, be it an event or frames.
      for (std::int64_t pause_ns = kPauseMinNs; pause_ns < kPauseMaxNs; pause_ns *= 2) {
        if (follow_awake()) pause_ns = kPauseMinNs;
        wait_for_events(pause_ns);
        if (take_events()) pause_ns = kPauseMinNs;
      }
      awake_.clear();
    }
    for (const auto& follower : followers_) (void)follower->follow();
  }

 private:
  static int block_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    return ::signalfd(-1, &set, SFD_CLOEXEC);
  }

  [[nodiscard]] bool is_stopped(int timeout_ms) const {
    std::array<pollfd, 2> wanted{{{inotify_, POLLIN, 0}, {signals_, POLLIN, 0}}};
    (void)::poll(wanted.data(), wanted.size(), timeout_ms);
    return wanted[1].revents != 0;
  }

  void wait_for_events(std::int64_t timeout_ns) const {
    pollfd wanted{inotify_, POLLIN, 0};
    const timespec timeout{0, timeout_ns};
    (void)::ppoll(&wanted, 1, &timeout, nullptr);
  }

  bool take_events() {
    bool any = false;
    alignas(inotify_event) std::array<char, 65536> buffer;
    for (ssize_t got; (got = ::read(inotify_, buffer.data(), buffer.size())) > 0;) {
      for (const char* at = buffer.data(); at < buffer.data() + got;) {
        inotify_event event;
        std::memcpy(&event, at, sizeof event);
        awake_.insert(by_watch_[event.wd]);
        any = true;
        at += sizeof event + event.len;
      }
    }
    return any;
  }

  bool follow_awake() {
    bool any = false;
    for (Follower* follower : awake_) any |= follower->follow();
    return any;
  }

  int inotify_;
  int signals_;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::map<int, Follower*> by_watch_;
  std::set<Follower*> awake_;
};

int main_with(int argc, char** argv) {
  std::string list;
  bool syncs_source = false;
  OptionParser parser("Follows the WALs of databases: the practical limit of replication.", "bench_follower");
  parser.add("--list", list, "file: per line a database, a tab, a replica folder", Need::required);
  parser.add_flag("--sync-source", syncs_source, "sync the WAL before it is copied: no replica is ahead of its source");
  if (const auto exit_code = parser.parse(argc, argv)) return *exit_code;
  Loop loop;
  std::ifstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) throw std::runtime_error(list + ": a line without a tab: " + line);
    loop.add(line.substr(0, tab), line.substr(tab + 1), syncs_source);
  }
  loop.run();
  return 0;
}

}  // namespace
}  // namespace lshost::bench

int main(int argc, char** argv) {
  try {
    return lshost::bench::main_with(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_follower: %s\n", e.what());
    return 1;
  }
}
