#pragma once
// A small, complete replicator into a folder: a file for each run of WAL and each snapshot. As it is it passes the
// conformance suite; the key "fault" breaks one promise of it.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <lshost/replicator.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lshost::test::broken {

namespace fs = std::filesystem;

/// Waits without anybody being able to wake it up: what a plugin must not do.
inline void block(int ms) { (void)::poll(nullptr, 0, ms); }

/// A file of the replica: KIND-INDEX-OFFSET-SIZE in the folder of its generation.
struct Stored {
  ItemKind kind = ItemKind::Wal;
  Position position;
  std::uint64_t size = 0;

  [[nodiscard]] std::string name() const {
    char text[80];
    (void)std::snprintf(text, sizeof text, "%c-%016llx-%016llx-%016llx", kind == ItemKind::Wal ? 'w' : 's',
                        static_cast<unsigned long long>(position.index),
                        static_cast<unsigned long long>(position.offset), static_cast<unsigned long long>(size));
    return text;
  }
  static std::optional<Stored> parse(const std::string& generation, const std::string& name) {
    char kind = 0;
    unsigned long long index = 0;
    unsigned long long offset = 0;
    unsigned long long size = 0;
    if (std::sscanf(name.c_str(), "%c-%16llx-%16llx-%16llx", &kind, &index, &offset, &size) != 4) return std::nullopt;
    return Stored{kind == 'w' ? ItemKind::Wal : ItemKind::Snapshot, {generation, index, offset}, size};
  }
};

class FileSource final : public Source {
 public:
  FileSource(const std::string& path, std::uint64_t cut) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw Error(LSHOST_E_NOT_FOUND, "there is no " + path);
    left_ = fs::file_size(path) - cut;
  }
  ~FileSource() override { (void)::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  std::size_t Read(std::span<std::byte> into) override {
    const ssize_t count = ::read(fd_, into.data(), std::min<std::uint64_t>(into.size(), left_));
    if (count < 0) throw Error::Errno("read");
    left_ -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

 private:
  int fd_;
  std::uint64_t left_ = 0;
};

class Simple : public Replicator, public Restorable, public Removable, public Probeable {
 public:
  explicit Simple(Context context)
      : Replicator(context), fault_(ctx.String("fault", "none")), token_(ctx.String("token", "")) {
    folder_ = is("no-path-needed") ? ctx.String("path", "nowhere") : ctx.String("path");
    count_ = read_count();
    if (is("accepts-any-key")) (void)ctx.Has("lshost-check-unknown");
    static std::atomic<char*> newest{nullptr};
    if (is("leaks-memory")) newest = new char[512];
    if (is("crashes-in-create")) std::abort();
    if (is("opens-in-create")) (void)::open(".", O_RDONLY | O_CLOEXEC);
  }

  static std::span<const ConfigKey> Keys() {
    static constexpr ConfigKey kKeys[] = {
        {.key = "path", .required = true, .help = "the folder", .url = UrlPart::Path},
        {.key = "fault", .help = "what is to be wrong"},
        {.key = "count", .type = ConfigType::Int, .default_value = "1", .help = "a number"},
        {.key = "token", .secret = true, .help = "a secret"}};
    return kKeys;
  }

  std::string Type() const override { return "broken"; }

  bool Snapshotting() const override {
    if (!is("snapshotting-blocks")) return snapshotting_;
    const std::lock_guard hold(mutex_);
    return snapshotting_;
  }

  void Start() override {
    if (is("leaks-descriptors")) (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
    snapshotting_ = true;
    ctx.Spawn("simple", [this] {
      if (is("calls-exit")) std::exit(3);
      run();
    });
  }

  void Stop() override {
    while (is("stop-hangs")) block(1000);
  }

  // ---- reading back ----

  void List(ItemKind kind, const std::string& generation, const EachItem& each) override {
    if (kind == ItemKind::Generation) {
      for (const auto& name : names_in(folder_)) each({ItemKind::Generation, {name, 0, 0}, 0, 0, newest(name), false});
      return;
    }
    const auto all = stored(generation, kind);
    for (std::size_t i = 0; i < all.size(); ++i) {
      // The host begins the next index only when all of this one was read.
      const bool is_complete = i + 1 < all.size() && all[i + 1].position.index == all[i].position.index + 1;
      const bool is_whole = kind == ItemKind::Wal && is_complete;
      each({kind, all[i].position, all[i].size, newest(generation), newest(generation), is_whole});
    }
  }

  std::unique_ptr<Source> Open(const Item& item) override {
    const Stored file{item.kind, item.position, item.size};
    const bool is_last =
        item.kind == ItemKind::Wal && stored(item.position.generation, ItemKind::Wal).back().name() == file.name();
    return std::make_unique<FileSource>(path_of(file), is("drops-last-frame") && is_last ? 24 + 4096 : 0);
  }

  void Remove(std::span<const Item> items) override {
    for (const Item& item : items) {
      if (item.kind == ItemKind::Generation) {
        fs::remove_all(folder_ / item.position.generation);
      } else if (!is("removes-nothing")) {
        fs::remove(path_of({item.kind, item.position, item.size}));
      }
    }
  }

  void Probe(std::chrono::milliseconds /*deadline*/) override {
    if (is("probe-leaves-things")) fs::create_directories(folder_ / "0123456789abcdef");
    fs::create_directories(folder_);
    write(folder_ / ".probe", "probe");
    fs::remove(folder_ / ".probe");
  }

 private:
  [[nodiscard]] bool is(const char* fault) const { return fault_ == fault; }

  std::int64_t read_count() const {
    if (!is("ignores-types")) return ctx.Int("count", 1);
    try {
      return ctx.Int("count", 1);
    } catch (const Error&) {
      return 1;
    }
  }

  // ---- the loop ----

  /// As a plugin would that keeps its status under the lock of its loop.
  template <class Fn>
  auto with_lock(Fn fn) {
    const std::unique_lock hold = is("snapshotting-blocks") ? std::unique_lock(mutex_) : std::unique_lock<std::mutex>();
    return fn();
  }

  void run() {
    for (;;) {
      try {
        turn();
      } catch (const Cancelled&) {
        ctx.State(ReplicaState::Stopped);
        return;
      } catch (const Gone&) {
        at_ = {};
        has_snapshot_ = false;
      } catch (const Error& e) {
        if (is("never-retries")) throw;
        ctx.Failed(e);
        ctx.State(ReplicaState::BackOff);
        ctx.Sleep(std::chrono::milliseconds(50));
        at_ = {};
      }
    }
  }

  void turn() {
    if (is("logs-the-secret")) ctx.Info("logging in", {{"token", token_}});
    if (is("opens-the-database")) open_database();
    const auto status = ctx.Status();
    if (!status) {
      ctx.State(ReplicaState::Waiting);
      ctx.Wait({});
      return;
    }
    if (at_.generation != status->tip.generation) find_place(status->tip.generation);
    if (!has_snapshot_ || ctx.SnapshotDue()) take_snapshot();
    if (copy_wal()) return;
    snapshotting_ = false;
    ctx.State(ReplicaState::Streaming);
    ctx.Wait(at_);
  }

  /// Goes on behind what the destination has.
  void find_place(const std::string& generation) {
    if (is("forgets-generations")) {
      for (const auto& name : names_in(folder_)) {
        if (name != generation) fs::remove_all(folder_ / name);
      }
    }
    at_ = {generation, 0, 0};
    const auto snapshots = stored(generation, ItemKind::Snapshot);
    const auto wal = stored(generation, ItemKind::Wal);
    has_snapshot_ = !snapshots.empty();
    if (!has_snapshot_) return;
    at_ = {generation, snapshots.back().position.index, 0};
    if (!wal.empty()) at_ = {generation, wal.back().position.index, wal.back().position.offset + wal.back().size};
    if (!wal.empty()) ctx.Durable(at_);
  }

  void take_snapshot() {
    ctx.State(ReplicaState::Snapshot);
    auto snapshot = with_lock([&] { return ctx.OpenSnapshot(); });
    if (!snapshot) return;
    const std::string bytes = with_lock([&] { return read_all(snapshot->bytes); });
    store({ItemKind::Snapshot, snapshot->position, bytes.size()}, bytes);
    if (!has_snapshot_) at_ = {snapshot->position.generation, snapshot->position.index, 0};
    has_snapshot_ = true;
    ctx.SnapshotDone(snapshot->position, bytes.size());
  }

  bool copy_wal() {
    auto wal = with_lock([&] { return ctx.OpenWal(at_); });
    if (!wal) return false;
    const std::string bytes = with_lock([&] { return read_all(wal->bytes); });
    if (bytes.size() != wal->end.offset - wal->start.offset && !is("keeps-half-a-stream")) {
      throw Error(LSHOST_E_IO, "the stream ended early", LSHOST_ERR_RETRYABLE);
    }
    if (is("reports-early")) ctx.Durable(wal->end);
    store({ItemKind::Wal, wal->start, bytes.size()}, bytes);
    at_ = wal->end;
    if (!is("reports-early")) ctx.Durable(at_);
    return true;
  }

  std::string read_all(HostReader& bytes) {
    if (!is("keeps-half-a-stream")) return bytes.ReadAll();
    std::string all;
    try {
      std::byte block[1024];
      while (const std::size_t count = bytes.Read(block)) all.append(reinterpret_cast<const char*>(block), count);
    } catch (const Error&) {
      // what is there will do
    }
    return all;
  }

  static void open_database() {
    for (const auto& name : names_in("/proc/self/fd")) {
      std::error_code gone;
      const std::string target = fs::read_symlink("/proc/self/fd/" + name, gone).string();
      if (!target.ends_with("-wal")) continue;
      const int fd = ::open(target.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd >= 0) (void)::close(fd);
    }
  }

  // ---- files ----

  static std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code none;
    for (fs::directory_iterator it(folder, none), end; it != end; it.increment(none)) {
      const std::string name = it->path().filename().string();
      if (name.front() != '.') names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
  }

  [[nodiscard]] std::vector<Stored> stored(const std::string& generation, ItemKind kind) const {
    std::vector<Stored> all;
    for (const auto& name : names_in(folder_ / generation)) {
      const auto file = Stored::parse(generation, name);
      if (file && file->kind == kind) all.push_back(*file);
    }
    return all;
  }

  [[nodiscard]] std::int64_t newest(const std::string& generation) const {
    std::int64_t ns = 1;
    for (const auto& name : names_in(folder_ / generation)) {
      std::error_code gone;
      const auto time = fs::last_write_time(folder_ / generation / name, gone);
      if (!gone) ns = std::max<std::int64_t>(ns, fs::file_time_type::clock::to_sys(time).time_since_epoch().count());
    }
    return ns;
  }

  [[nodiscard]] std::string path_of(const Stored& file) const {
    return folder_ / file.position.generation / file.name();
  }

  void store(const Stored& file, const std::string& bytes) {
    fs::create_directories(folder_ / file.position.generation);
    if (is("writes-in-place")) {
      write(path_of(file), bytes.substr(0, bytes.size() / 2));
      block(5);
      write(path_of(file), bytes);
      return;
    }
    const fs::path temporary = folder_ / file.position.generation / (".new-" + file.name());
    write(temporary, bytes);
    fs::rename(temporary, path_of(file));
  }

  static void write(const fs::path& path, const std::string& bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) throw Error::Errno("open " + path.string());
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    (void)::close(fd);
    if (done != static_cast<ssize_t>(bytes.size()))
      throw Error(LSHOST_E_IO, "write " + path.string() + ": not all of it");
  }

  const std::string fault_;
  const std::string token_;
  fs::path folder_;
  std::int64_t count_ = 0;
  mutable std::mutex mutex_;
  std::atomic<bool> snapshotting_{false};
  // Of the worker:
  Position at_;
  bool has_snapshot_ = false;
};

}  // namespace lshost::test::broken
