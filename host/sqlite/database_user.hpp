#pragma once
// Whether some process has a database open, found out without touching it.

#include <string>

namespace lshost::sqlite {

/// Who holds a lock on a database or its wal-index. An application holds one for as long as it has a database in WAL
/// mode open, in rollback mode only during a transaction: an empty answer is no proof.
/// "" for nobody, else "process 1234" or "another process".
/// REQUIRES: this process has not opened the database with SQLite. Closing the descriptor that this opens would drop
/// its locks.
[[nodiscard]] std::string find_database_user(const std::string& path);

}  // namespace lshost::sqlite
