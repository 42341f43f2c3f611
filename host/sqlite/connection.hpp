#pragma once
// A connection to a database, owned, and SQLite's result codes as our errors.

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3;

namespace lshost::sqlite {

/// Owns one sqlite3*. Move-only. Threads: one at a time.
///
/// Opened for reading and writing, never created, with what a host beside an application needs:
/// wal_autocheckpoint = 0, no checkpoint when it closes, synchronous at least NORMAL (a checkpoint syncs the database
/// before the log may be overwritten). Neither open() nor read_once() loads the application's schema.
/// Cost: 16 KB of heap while idle; the first of a process also maps 32 KB of -shm, which it shares with others.
///
/// Errors: Error{not_found} no such file; {denied} it may not be written; {corrupt} it is no database or is
/// damaged; {transient} it is locked or busy; {no_space}; {internal} the rest. The sentence has SQLite's own.
class Connection {
 public:
  [[nodiscard]] static Connection open(const std::string& path);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  /// Runs statements, ignoring rows.
  void exec(const std::string& sql);
  /// The first column of the first row, "" if there is no row.
  [[nodiscard]] std::string query_text(const std::string& sql);
  /// One read, so that the WAL is open and the wal-index is mapped. Throws if the content is not readable.
  void read_once();
  [[nodiscard]] sqlite3* handle() const noexcept { return db_; }
  void close() noexcept;

 private:
  explicit Connection(sqlite3* db) noexcept : db_(db) {}
  sqlite3* db_ = nullptr;
};

/// Set-up of the library, once, before the first connection: small page caches, so that a thousand idle
/// databases stay small. Idempotent, thread-safe.
void configure_library();

/// "3.40.1", of the library this process runs with.
[[nodiscard]] std::string_view library_version();

/// 3040001 for 3.40.1, of the same library.
[[nodiscard]] int library_version_number() noexcept;

/// True if that library has the WAL-reset bug (3.7.0 to 3.51.2 without the backports 3.44.6 and 3.50.7).
[[nodiscard]] bool library_has_wal_reset_bug(int version_number) noexcept;

/// True if ROLLBACK TO after a spill of that library's page cache can leave committed frames with wrong checksums,
/// where a recovery stops (up to 3.49.1).
[[nodiscard]] bool library_leaves_wrong_checksums(int version_number) noexcept;

}  // namespace lshost::sqlite
