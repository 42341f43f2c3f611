#include "sqlite/connection.hpp"

#include <sqlite3.h>

#include <memory>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "sqlite/distrust.hpp"
#include "sqlite/result_code.hpp"

namespace lshost::sqlite {
namespace {

struct Finalizer {
  void operator()(sqlite3_stmt* statement) const noexcept { (void)sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalizer>;

Statement prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  check(db, sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr), sql);
  return Statement(statement);
}

/// Without CREATE a missing database stays missing. One thread at a time uses a connection, so it needs no mutex.
constexpr int kOpenFlags =
    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;

/// Settings that cost no read: a PRAGMA of the same effect would load the schema of the application into memory,
/// for each of perhaps a thousand databases.
void set_up(sqlite3* db) {
  distrust_schema(db);
  check(db, sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr), "no checkpoint at close");
  check(db, sqlite3_wal_autocheckpoint(db, 0), "no automatic checkpoint");
  (void)sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 0, 0);  // a library may be built without it
  // A checkpoint must sync the database before the log is overwritten. Libraries do that unless they were built
  // to be careless.
  if (sqlite3_compileoption_used("DEFAULT_WAL_SYNCHRONOUS=0") != 0) {
    check(db, sqlite3_exec(db, "PRAGMA synchronous=NORMAL", nullptr, nullptr, nullptr), "synchronous");
  }
}

}  // namespace

Connection Connection::open(const std::string& path) {
  configure_library();
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, kOpenFlags, nullptr);
  Connection connection(opened);  // SQLite gives a handle even for a failure, to ask it for the reason
  with_context("open " + path, [&] {
    check(opened, code, "sqlite");
    if (sqlite3_db_readonly(opened, "main") != 0) {
      throw Error(ErrorCode::denied,
                  "the file is not writable for this process; hint: replication needs write "
                  "permission on the database, its -wal and -shm, and their directory");
    }
    set_up(opened);
  });
  return connection;
}

Connection::Connection(Connection&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    db_ = std::exchange(other.db_, nullptr);
  }
  return *this;
}

Connection::~Connection() { close(); }

void Connection::exec(const std::string& sql) {
  check(db_, sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), sql);
}

std::string Connection::query_text(const std::string& sql) {
  const Statement statement = prepare(db_, sql);
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_DONE) return "";
  if (code != SQLITE_ROW) check(db_, code, sql);
  const void* text = sqlite3_column_blob(statement.get(), 0);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0));
  return text == nullptr ? std::string() : std::string(static_cast<const char*>(text), size);
}

/// user_version is read from page 1 without the schema. The page is let go again: one for each of thousands of
/// connections would be a quarter of what an idle one costs.
void Connection::read_once() {
  with_context("read", [this] { (void)query_text("PRAGMA user_version"); });
  (void)sqlite3_db_release_memory(db_);
}

void Connection::close() noexcept {
  // close_v2 never refuses: what is still borrowed from the connection keeps the rest of it alive.
  (void)sqlite3_close_v2(std::exchange(db_, nullptr));
}

void configure_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    // No effect, and none needed, if somebody in this process used SQLite before: only memory is at stake.
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

std::string_view library_version() { return sqlite3_libversion(); }

int library_version_number() noexcept { return sqlite3_libversion_number(); }

bool library_has_wal_reset_bug(int version_number) noexcept {
  constexpr int kFirst = 3'007'000;
  constexpr int kFixed = 3'051'003;
  const auto is_backport = [version_number](int from, int until) {
    return version_number >= from && version_number < until;
  };
  if (is_backport(3'044'006, 3'045'000) || is_backport(3'050'007, 3'051'000)) return false;
  return version_number >= kFirst && version_number < kFixed;
}

bool library_leaves_wrong_checksums(int version_number) noexcept { return version_number < 3'050'000; }

}  // namespace lshost::sqlite
