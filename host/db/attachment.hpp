#pragma once
// Being attached to a live database: its connection, its wal-index, its log, its locks, and the order in which they go.
//
// POSIX locks belong to the process: closing any descriptor on the database or its -shm file drops the locks of all. So
// there is one descriptor for reading the database, opened before the first connection and closed after the last, and
// nobody else in this process ever opens these files. The -wal file carries no locks.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "db/origin.hpp"
#include "db/progress.hpp"
#include "db/stamp.hpp"
#include "db/wal_guard.hpp"
#include "os/fs.hpp"
#include "sqlite/checkpoint.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/wal_index.hpp"

namespace lshost::db {

/// Why a database can not be attached to now. Not failures: they end when somebody changes something.
enum class NotAttachable {
  missing,     ///< there is no file
  empty,       ///< a file without content
  not_wal,     ///< in a rollback journal mode
  locked,      ///< another process holds it exclusively
  other_host,  ///< another host holds the metadata directory
};

[[nodiscard]] std::string_view to_string(NotAttachable reason) noexcept;

/// Threads: the database's thread, but read_database from any.
class Attachment {
 public:
  struct Outcome {
    std::unique_ptr<Attachment> attachment;  ///< null: see `why_not`
    NotAttachable why_not = NotAttachable::missing;
    std::string detail;
  };

  /// Opens and guards. Throws Error: {corrupt} it is no database, {denied} it may not be written, and so on.
  [[nodiscard]] static Outcome attach(os::Fs& fs, const std::string& path, bool exclusive_checkpoints);
  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  [[nodiscard]] sqlite::WalIndex& index() noexcept { return *index_; }
  [[nodiscard]] WalGuard& guard() noexcept { return *guard_; }
  /// What the thread has got done since it attached.
  [[nodiscard]] Progress& progress() noexcept { return progress_; }
  /// The -wal file.
  [[nodiscard]] const os::ReadableFile& log() const noexcept { return *log_; }
  /// What the application wrote to the log is durable on return.
  void sync_log() const;
  /// Positioned read of the database file; what lies behind its end is zero. Thread-safe.
  void read_database(std::uint64_t offset, MutableByteSpan into) const;
  /// Of the database file, borrowed. For another process only: whoever closes a duplicate of it in this one drops the
  /// locks of all connections.
  [[nodiscard]] int database_descriptor() const noexcept { return database_->descriptor(); }
  [[nodiscard]] FileState database_state() const;
  [[nodiscard]] FileIdentity database_identity() const;
  [[nodiscard]] std::uint64_t database_size() const;     ///< bytes of the database file
  [[nodiscard]] std::uint32_t header_page_size() const;  ///< bytes 16..17 of the file; 0: no such header

  /// The file under the name is still the one that we have open, and so is the log.
  [[nodiscard]] bool is_still_there() const;

  /// One checkpoint on a connection of its own, with the CKPT lock let go before and taken again after.
  sqlite::CheckpointResult checkpoint(sqlite::CheckpointMode mode, const std::function<bool(int)>& while_waiting = {});
  /// Lets SQLite repair a wal-index whose writer died in the middle.
  void recover_index();

 private:
  Attachment() = default;

  std::string path_;
  Progress progress_;
  // In the order of construction; destroyed in reverse: locks, connection, and only then the descriptor.
  std::unique_ptr<os::ReadableFile> database_;
  std::optional<sqlite::Connection> connection_;
  std::unique_ptr<os::ReadableFile> log_;
  std::unique_ptr<sqlite::WalIndex> index_;
  std::unique_ptr<WalGuard> guard_;
};

}  // namespace lshost::db
