#pragma once
// The two sides of a database under test: an application in a process of its own, and the host beside it.

#include <cstdint>
#include <string>

#include "sqlite/connection.hpp"
#include "sqlite/wal_index.hpp"
#include "support/app_database.hpp"
#include "support/sqlite_process.hpp"
#include "support/temp_dir.hpp"

namespace lshost::test {

/// A directory with app.db in WAL mode, made by a process that is still connected. It has one table, t(x), and no
/// automatic checkpoints. One thread at a time.
struct AppSide {
  explicit AppSide(std::uint32_t page_size = 4096);

  [[nodiscard]] SqliteProcess another() const;  ///< one more process on the same database
  [[nodiscard]] Bytes wal_bytes() const { return file_bytes(wal_path); }

  /// The values of the table's rows that a process sees, joined by commas.
  [[nodiscard]] static std::string rows(SqliteProcess& process);

  TempDir folder;
  std::string path = folder / "app.db";
  std::string wal_path = path + "-wal";
  std::string shm_path = path + "-shm";
  SqliteProcess app;
};

/// A connection of the host that has read once, and its view of the wal-index. In the process of the test.
struct HostSide {
  explicit HostSide(const std::string& path);

  /// Throws std::runtime_error if the header is torn.
  [[nodiscard]] sqlite::IndexHeader header() const;
  /// A checkpoint by this connection, printed as SQLite does: "busy|log|checkpointed".
  [[nodiscard]] std::string passive_checkpoint();

  sqlite::Connection connection;
  sqlite::WalIndex index;
};

/// Kills the process in the middle of publishing the commit of `sql`: its frames are whole in the log, and of the two
/// copies of the wal-index's header one is new.
void kill_while_publishing(SqliteProcess& process, const std::string& sql);

/// Kills the process when the frames of `sql`, the commit frame among them, are in the log and not yet synced: a ghost
/// commit, which the wal-index knows nothing of. REQUIRES: `sql` commits, and is not the first frame of a log, whose
/// header is synced for itself.
void kill_before_publishing(SqliteProcess& process, const std::string& sql);

/// Commits transactions that, with a library that has the fault, leave committed frames with wrong salts and checksums
/// in the middle of the log: a page that is spilled twice makes SQLite put off the checksums of what follows, and
/// ROLLBACK TO forgets from where on. The connection's page cache stays tiny. REQUIRES: the table is empty.
void commit_frames_with_wrong_checksums(SqliteProcess& process);
/// 3040001 for 3.40.1, of the library that the applications in tests run with: it may be another than the host's.
[[nodiscard]] int application_sqlite();

/// SQL that inserts `rows` rows of `size` random bytes.
[[nodiscard]] std::string insert_blobs(int rows, int size);

}  // namespace lshost::test
