#include "sqlite/check_database.hpp"

#include <sqlite3.h>

#include <memory>

#include "base/error.hpp"
#include "sqlite/distrust.hpp"
#include "sqlite/mapped_vfs.hpp"

namespace lshost::sqlite {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { (void)sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { (void)sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// "file:<path>?immutable=1": without locks, and without a look at what lies beside the file.
std::string immutable_uri(const std::string& path) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      const auto value = static_cast<unsigned char>(c);
      uri += {'%', kHex[value >> 4], kHex[value & 15]};
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

bool is_damage(int result_code) {
  const int primary = result_code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

[[noreturn]] void throw_damage(const std::string& findings) {
  throw Error(ErrorCode::corrupt, "SQLite finds damage: " + findings);
}

/// What the application's schema needs and this program lacks is no damage; all other failures are failures.
std::string unchecked_or_throw(sqlite3* db) {
  const std::string message = sqlite3_errmsg(db);
  const int code = sqlite3_extended_errcode(db);
  // SQLite's word for a schema that wants what distrust_schema() forbids; it calls that malformed.
  if (message.find("unsafe use of") != std::string::npos) return "not checked completely: " + message;
  if (is_damage(code)) throw_damage(message);
  if ((code & 0xff) == SQLITE_ERROR) return "not checked completely: " + message;
  throw Error(ErrorCode::internal, "check of the database: " + message);
}

}  // namespace

std::string check_database(const std::string& path, CheckLevel level) {
  if (level == CheckLevel::none) return "";
  sqlite3* opened = nullptr;
  const int opened_code =
      sqlite3_open_v2(immutable_uri(path).c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, mapped_vfs());
  const Database db(opened);
  if (opened_code != SQLITE_OK) return unchecked_or_throw(db.get());
  distrust_schema(db.get());
  (void)sqlite3_exec(db.get(), "PRAGMA mmap_size = 1", nullptr, nullptr, nullptr);  // as the VFS likes it
  // A constraint that the application itself broke is its business.
  (void)sqlite3_exec(db.get(), "PRAGMA ignore_check_constraints = ON", nullptr, nullptr, nullptr);

  const char* sql = level == CheckLevel::quick ? "PRAGMA quick_check(3)" : "PRAGMA integrity_check(3)";
  sqlite3_stmt* prepared = nullptr;
  const int prepared_code = sqlite3_prepare_v2(db.get(), sql, -1, &prepared, nullptr);
  const Statement statement(prepared);
  if (prepared_code != SQLITE_OK) return unchecked_or_throw(db.get());
  std::string findings;
  int code = sqlite3_step(statement.get());
  for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
    if (!findings.empty()) findings += "; ";
    findings += text == nullptr ? "?" : text;
  }
  if (code != SQLITE_DONE) return unchecked_or_throw(db.get());
  if (findings != "ok") throw_damage(findings);
  return "";
}

}  // namespace lshost::sqlite
