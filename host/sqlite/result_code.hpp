#pragma once
// SQLite's result codes as our errors.

#include <string_view>

#include "base/error.hpp"

struct sqlite3;

namespace lshost::sqlite {

/// What a result code (extended or not) means for the caller. `system_errno` is sqlite3_system_errno() of the
/// connection, and tells a missing file from a forbidden one.
[[nodiscard]] ErrorCode error_code_of(int result_code, int system_errno) noexcept;

/// Throws the Error for `result_code` unless it is SQLITE_OK: "doing: what SQLite says".
/// REQUIRES: `result_code` is what the last call on `connection` gave; `connection` may be null.
void check(sqlite3* connection, int result_code, std::string_view doing);

}  // namespace lshost::sqlite
