#include "db/attachment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace lshost::db {

namespace {

constexpr int kGuardAttempts = 50;
constexpr std::chrono::milliseconds kGuardPause(10);

using DatabaseHeader = std::array<std::byte, 100>;  // https://www.sqlite.org/fileformat2.html#the_database_header

DatabaseHeader read_header(const os::ReadableFile& database) {
  DatabaseHeader header{};
  (void)database.read_at("attach", 0, header);
  return header;
}

/// Tells of a checkpoint for as long as it lasts.
class Checkpointing {
 public:
  explicit Checkpointing(Progress& progress) : progress_(progress) { progress_.set_checkpointing(true); }
  ~Checkpointing() { progress_.set_checkpointing(false); }
  Checkpointing(const Checkpointing&) = delete;
  Checkpointing& operator=(const Checkpointing&) = delete;

 private:
  Progress& progress_;
};

/// The file says that it is a database in a rollback journal mode. Known without a lock, and without disturbing a
/// writer.
bool is_rollback_mode(const DatabaseHeader& header) {
  return std::memcmp(header.data(), "SQLite format 3", 16) == 0 && header[19] == std::byte{1};
}

}  // namespace

std::string_view to_string(NotAttachable reason) noexcept {
  switch (reason) {
    case NotAttachable::missing:
      return "it does not exist yet";
    case NotAttachable::empty:
      return "it is empty";
    case NotAttachable::not_wal:
      return "it is not in WAL mode";
    case NotAttachable::locked:
      return "it is locked";
    case NotAttachable::other_host:
      return "another lshost replicates it";
  }
  return "unknown";
}

Attachment::Outcome Attachment::attach(os::Fs& fs, const std::string& path, bool exclusive_checkpoints) {
  const auto stat = fs.stat("attach", path);
  if (!stat) return {nullptr, NotAttachable::missing, ""};
  if (!stat->is_regular) throw Error(ErrorCode::invalid, "attach " + path + ": not a regular file");
  if (stat->size_bytes == 0) return {nullptr, NotAttachable::empty, ""};

  std::unique_ptr<Attachment> self(new Attachment());
  self->path_ = path;
  self->database_ = fs.open_read("attach", path);
  if (is_rollback_mode(read_header(*self->database_))) return {nullptr, NotAttachable::not_wal, ""};
  try {
    self->connection_.emplace(sqlite::Connection::open(path));
    const std::string mode = self->connection_->query_text("PRAGMA journal_mode");
    if (mode != "wal") return {nullptr, NotAttachable::not_wal, "journal_mode is " + mode};
    self->connection_->read_once();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::transient) return {nullptr, NotAttachable::locked, e.what()};
    throw;
  }
  self->log_ = fs.open_read("attach", path + "-wal");
  self->index_ = std::make_unique<sqlite::WalIndex>(self->connection_->handle());
  self->guard_ = std::make_unique<WalGuard>(*self->index_, exclusive_checkpoints);
  for (int attempt = 0; !self->guard_->try_guard(); ++attempt) {
    if (attempt == kGuardAttempts)
      return {nullptr, NotAttachable::locked, "all read slots of the wal-index are in use"};
    // Marks that no reader uses any more are given back by a checkpoint.
    (void)self->checkpoint(sqlite::CheckpointMode::passive);
    pause_for(kGuardPause);
  }
  for (int attempt = 0; !self->guard_->try_flush_checkpointers(); ++attempt) {
    if (attempt == kGuardAttempts) return {nullptr, NotAttachable::locked, "another process is checkpointing"};
    pause_for(kGuardPause);
  }
  if (!self->is_still_there()) return {nullptr, NotAttachable::missing, "replaced while attaching"};
  return {std::move(self), {}, ""};
}

Attachment::~Attachment() {
  guard_.reset();
  index_.reset();
  log_.reset();
  connection_.reset();
  database_.reset();
}

void Attachment::sync_log() const {
  if (::fdatasync(log_->descriptor()) != 0) throw_errno("capture.sync_log", path_ + "-wal");
}

void Attachment::read_database(std::uint64_t offset, MutableByteSpan into) const {
  const std::size_t got = database_->read_at("snapshot.read", offset, into);
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(got), into.end(), std::byte{0});
}

std::uint32_t Attachment::header_page_size() const {
  const std::uint32_t stored = load_be<std::uint16_t>(read_header(*database_).data() + 16);
  return stored == 1 ? 65536 : stored;
}

FileState Attachment::database_state() const {
  struct stat st{};
  if (::fstat(database_->descriptor(), &st) != 0) throw_errno("stamp", path_);
  const auto nanos = [](const timespec& time) { return UnixNanos{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return {st.st_dev, st.st_ino, static_cast<std::uint64_t>(st.st_size), nanos(st.st_mtim), nanos(st.st_ctim)};
}

FileIdentity Attachment::database_identity() const {
  struct statx st{};
  if (::statx(database_->descriptor(), "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0)
    throw_errno("attach", path_);
  const bool has_birth = (st.stx_mask & STATX_BTIME) != 0;
  return {st.stx_ino, has_birth ? st.stx_btime.tv_sec * 1'000'000'000 + st.stx_btime.tv_nsec : 0};
}

std::uint64_t Attachment::database_size() const { return database_->size("snapshot.size"); }

bool Attachment::is_still_there() const {
  struct stat open_database{};
  struct stat named_database{};
  struct stat open_log{};
  if (::fstat(database_->descriptor(), &open_database) != 0 || ::stat(path_.c_str(), &named_database) != 0)
    return false;
  if (open_database.st_ino != named_database.st_ino || open_database.st_dev != named_database.st_dev) return false;
  return ::fstat(log_->descriptor(), &open_log) == 0 && open_log.st_nlink > 0;
}

sqlite::CheckpointResult Attachment::checkpoint(sqlite::CheckpointMode mode,
                                                const std::function<bool(int)>& while_waiting) {
  guard_->release_checkpoint_lock();
  sqlite::CheckpointResult result;
  {
    // Opened for the occasion: SQLite keeps the descriptor for the next one, and idle databases stay small.
    sqlite::Connection connection = sqlite::Connection::open(path_);
    connection.read_once();
    const Checkpointing told(progress_);
    result = sqlite::checkpoint(connection, mode, while_waiting);
  }
  guard_->hold_checkpoint_lock();
  return result;
}

void Attachment::recover_index() {
  guard_->release_checkpoint_lock();
  sqlite::Connection::open(path_).read_once();
  guard_->hold_checkpoint_lock();
}

}  // namespace lshost::db
