#include "support/sides.hpp"

#include <sqlite3.h>

#include <sstream>
#include <stdexcept>

#include "sqlite/checkpoint.hpp"

namespace lshost::test {
namespace {

sqlite::Connection connect(const std::string& path) {
  auto connection = sqlite::Connection::open(path);
  connection.read_once();
  return connection;
}

}  // namespace

AppSide::AppSide(std::uint32_t page_size) : app(path) {
  app.exec("PRAGMA page_size=" + std::to_string(page_size));
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA wal_autocheckpoint=0");
  app.exec("CREATE TABLE t(x)");
}

SqliteProcess AppSide::another() const {
  SqliteProcess process(path);
  process.exec("PRAGMA wal_autocheckpoint=0");
  return process;
}

std::string AppSide::rows(SqliteProcess& process) { return process.query("SELECT group_concat(x) FROM t"); }

HostSide::HostSide(const std::string& path) : connection(connect(path)), index(connection.handle()) {}

sqlite::IndexHeader HostSide::header() const {
  const auto found = index.try_read_header();
  if (!found) throw std::runtime_error("the header of the wal-index is torn");
  return *found;
}

std::string HostSide::passive_checkpoint() {
  const auto result = sqlite::checkpoint(connection, sqlite::CheckpointMode::passive);
  std::string text = result.busy ? "1|" : "0|";
  text += std::to_string(result.log_frames);
  text += '|';
  text += std::to_string(result.checkpointed_frames);
  return text;
}

void kill_while_publishing(SqliteProcess& process, const std::string& sql) {
  process.pause_before("wal.write");
  process.start(sql);
  process.wait_until_paused();
  process.pause_before("shm.barrier");
  process.go_on();
  process.wait_until_paused();
  process.kill();
}

void kill_before_publishing(SqliteProcess& process, const std::string& sql) {
  process.exec("PRAGMA synchronous=FULL");
  process.pause_before("wal.sync");
  process.start(sql);
  process.wait_until_paused();
  process.kill();
}

void commit_frames_with_wrong_checksums(SqliteProcess& process) {
  process.exec(insert_blobs(100, 1000));
  process.exec("PRAGMA cache_size=5; PRAGMA cache_spill=5");
  process.exec("BEGIN");
  process.exec("SAVEPOINT s");
  process.exec(insert_blobs(200, 1000));
  process.exec("UPDATE t SET x=randomblob(1000) WHERE rowid BETWEEN 200 AND 240");
  process.exec("ROLLBACK TO s");
  process.exec(insert_blobs(50, 1000));
  process.exec("COMMIT");
}

int application_sqlite() {
  static const int number = [] {
    SqliteProcess process(":memory:");
    std::istringstream text(process.query("SELECT sqlite_version()"));
    int major = 0;
    int minor = 0;
    int patch = 0;
    char dot = 0;
    text >> major >> dot >> minor >> dot >> patch;
    return major * 1'000'000 + minor * 1'000 + patch;
  }();
  return number;
}

std::string insert_blobs(int rows, int size) {
  std::string sql = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<";
  sql += std::to_string(rows);
  sql += ") INSERT INTO t SELECT randomblob(";
  sql += std::to_string(size);
  sql += ") FROM n";
  return sql;
}

}  // namespace lshost::test
