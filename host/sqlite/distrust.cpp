#include "sqlite/distrust.hpp"

#include <sqlite3.h>

namespace lshost::sqlite {
namespace {

void set(sqlite3* db, int option, int value) noexcept { (void)sqlite3_db_config(db, option, value, nullptr); }

}  // namespace

void distrust_schema(sqlite3* db) noexcept {
  set(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  set(db, SQLITE_DBCONFIG_DEFENSIVE, 1);
  set(db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0);
  set(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
  set(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
  set(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0);
  set(db, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0);
  (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  (void)sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
  (void)sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

}  // namespace lshost::sqlite
