#pragma once
// SQLite for the benchmark programs: RAII and exceptions, and nothing of the project, so that what measures shares no
// code with what is measured.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace lshost::bench {

struct CloseDb {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// One connection in WAL mode. Threads: one at a time. Errors: std::runtime_error with SQLite's sentence and the path.
class Db {
 public:
  explicit Db(const std::string& path) : path_(path) {
    sqlite3* raw = nullptr;
    const int status = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    db_.reset(raw);
    check(status);
    sqlite3_busy_timeout(raw, 10'000);
  }

  void exec(const std::string& sql) { check(sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr)); }

  [[nodiscard]] Statement prepare(const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    check(sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &raw, nullptr));
    return Statement(raw);
  }

  /// Runs a statement that returns no rows, and makes it ready to run again.
  void run(const Statement& statement) {
    const int status = sqlite3_step(statement.get());
    sqlite3_reset(statement.get());
    if (status != SQLITE_DONE && status != SQLITE_ROW) check(status);
  }

  /// The same; false: a lock was in the way for longer than the busy timeout.
  [[nodiscard]] bool try_run(const Statement& statement) {
    const int status = sqlite3_step(statement.get());
    sqlite3_reset(statement.get());
    if ((status & 0xff) == SQLITE_BUSY) return false;
    if (status != SQLITE_DONE && status != SQLITE_ROW) check(status);
    return true;
  }

  [[nodiscard]] std::int64_t integer(const std::string& sql) {
    const Statement statement = prepare(sql);
    return sqlite3_step(statement.get()) == SQLITE_ROW ? sqlite3_column_int64(statement.get(), 0) : 0;
  }

  void check(int status) const {
    if (status != SQLITE_OK) throw std::runtime_error(path_ + ": " + sqlite3_errmsg(db_.get()));
  }

  [[nodiscard]] sqlite3* get() const noexcept { return db_.get(); }

 private:
  std::string path_;
  std::unique_ptr<sqlite3, CloseDb> db_;
};

}  // namespace lshost::bench
