#pragma once
// A database in WAL mode as an application has it, in a directory of its own.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "support/temp_dir.hpp"

struct sqlite3;

namespace lshost::test {

using Bytes = std::vector<std::byte>;

/// The content of a file. Never for a database or -shm that is open in this process: closing the descriptor would
/// drop SQLite's locks. The -wal carries none.
[[nodiscard]] Bytes file_bytes(const std::string& path);
void write_file(const std::string& path, ByteSpan bytes);

/// A plain connection of an application: SQLite's defaults, created if missing. Every call throws Error on failure.
/// One thread at a time.
class AppConnection {
 public:
  explicit AppConnection(const std::string& path);
  ~AppConnection();
  AppConnection(const AppConnection&) = delete;
  AppConnection& operator=(const AppConnection&) = delete;

  void exec(const std::string& sql);
  /// The first column of the first row; "" if there is none.
  [[nodiscard]] std::string query(const std::string& sql);
  [[nodiscard]] sqlite3* handle() const noexcept { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

/// A temporary directory with app.db in WAL mode, no automatic checkpoints, and one connection to it.
class AppDatabase {
 public:
  explicit AppDatabase(std::uint32_t page_size = 4096);

  void exec(const std::string& sql) { app_.exec(sql); }
  [[nodiscard]] std::string query(const std::string& sql) { return app_.query(sql); }
  [[nodiscard]] sqlite3* handle() const noexcept { return app_.handle(); }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_.path(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string wal_path() const { return path_ + "-wal"; }
  [[nodiscard]] std::string shm_path() const { return path_ + "-shm"; }
  [[nodiscard]] Bytes wal_bytes() const { return file_bytes(wal_path()); }

 private:
  TempDir directory_;
  std::string path_;
  AppConnection app_;
};

}  // namespace lshost::test
