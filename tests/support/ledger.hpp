#pragma once
// A database whose content proves which commit it is: the schema, one commit, and the check.
//
// Commit n appends a row with a hash over the row before it, overwrites one slot among many that are spread over the
// file, and may delete old text. Whoever has the ledger up to n knows what every slot must hold, so that a file with
// pages of two different commits is found out, even if SQLite calls it healthy.

#include <cstdint>
#include <string>

struct sqlite3;

namespace lshost::test {

/// Slots are rows of some 300 bytes, so that they fill a few hundred pages.
inline constexpr std::int64_t kLedgerSlots = 1000;

/// Creates the tables if they are missing, in WAL mode unless `wal` is false. Throws std::runtime_error.
void create_ledger(sqlite3* db, std::uint32_t page_size, bool wal = true);

/// One commit: BEGIN IMMEDIATE, row n + 1 with `payload_size` random bytes, its slot, COMMIT. Returns n + 1, or 0 where
/// the database was busy. `prune`: in the same transaction old payloads are emptied, so that pages become free. Throws
/// std::runtime_error on everything else.
[[nodiscard]] std::int64_t append_to_ledger(sqlite3* db, std::int64_t writer, std::size_t payload_size, bool prune);

/// The commit that a database is at.
struct LedgerState {
  std::int64_t commit = 0;
  std::uint64_t hash = 0;
  bool operator==(const LedgerState&) const = default;
};

/// Checks a database file that nobody has open: integrity_check, the chain from 1 on, every slot. Throws
/// std::runtime_error with what is wrong.
[[nodiscard]] LedgerState verify_ledger(const std::string& path);

/// What commit `n` is in a database that may be in use; its hash is 0 where there is no such commit. Only looks, as
/// newest_commit() does.
[[nodiscard]] LedgerState ledger_at(const std::string& path, std::int64_t n);

/// The newest commit of a database that may be in use; 0: no ledger in it yet. Only looks: its connection, should it be
/// the last one, leaves the log as it is.
[[nodiscard]] std::int64_t newest_commit(const std::string& path);

}  // namespace lshost::test
