#include "sqlite/result_code.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace lshost::sqlite {
namespace {

ErrorCode error_code_of_errno(int err) noexcept {
  switch (err) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case EISDIR:
      return ErrorCode::corrupt;  // whatever that is, it is no database
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::no_space;
    default:
      return ErrorCode::transient;
  }
}

}  // namespace

ErrorCode error_code_of(int result_code, int system_errno) noexcept {
  switch (result_code & 0xff) {
    case SQLITE_CANTOPEN:
      if (result_code == SQLITE_CANTOPEN_ISDIR) return ErrorCode::corrupt;
      return error_code_of_errno(system_errno);
    case SQLITE_IOERR:
      if (result_code == SQLITE_IOERR_CORRUPTFS) return ErrorCode::corrupt;
      return error_code_of_errno(system_errno);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_SCHEMA:
      return ErrorCode::transient;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return ErrorCode::denied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::corrupt;
    case SQLITE_FULL:
      return ErrorCode::no_space;
    case SQLITE_INTERRUPT:
      return ErrorCode::cancelled;
    default:
      return ErrorCode::internal;
  }
}

void check(sqlite3* connection, int result_code, std::string_view doing) {
  if (result_code == SQLITE_OK) return;
  const int system_errno = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  std::string sentence(doing);
  sentence.append(": ").append(connection == nullptr ? sqlite3_errstr(result_code) : sqlite3_errmsg(connection));
  const int primary = result_code & 0xff;
  if (system_errno != 0 && (primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR)) {
    sentence.append(": ").append(std::generic_category().message(system_errno));
  }
  throw Error(error_code_of(result_code, system_errno), sentence);
}

}  // namespace lshost::sqlite
