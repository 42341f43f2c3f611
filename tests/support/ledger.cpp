#include "support/ledger.hpp"

#include <sqlite3.h>
#include <xxhash.h>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>

namespace lshost::test {
namespace {

using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;
using Connection = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

[[noreturn]] void fail(sqlite3* db, const std::string& what) {
  throw std::runtime_error("ledger: " + what + ": " + sqlite3_errmsg(db));
}

void exec(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(db, sql);
}

Statement prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail(db, sql);
  return {statement, &sqlite3_finalize};
}

Connection open(const std::string& path, int flags) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  Connection connection(db, &sqlite3_close);
  if (code != SQLITE_OK) fail(db, "open " + path);
  (void)sqlite3_busy_timeout(db, 30'000);
  return connection;
}

/// The link from one row to the next.
std::uint64_t link(std::uint64_t previous, std::int64_t n, std::int64_t writer, const void* payload, std::size_t size) {
  const std::uint64_t head[] = {previous, static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(writer)};
  return XXH3_64bits_withSeed(payload, size, XXH3_64bits(head, sizeof head));
}

std::int64_t slot_of(std::uint64_t hash) { return static_cast<std::int64_t>(hash % kLedgerSlots); }

std::int64_t integer(const Statement& row, int column) { return sqlite3_column_int64(row.get(), column); }

struct Head {
  std::int64_t n = 0;
  std::uint64_t hash = 0;
};

Head head_of(sqlite3* db) {
  const auto newest = prepare(db, "SELECT n, hash FROM ledger ORDER BY n DESC LIMIT 1");
  if (sqlite3_step(newest.get()) != SQLITE_ROW) return {};
  return {integer(newest, 0), static_cast<std::uint64_t>(integer(newest, 1))};
}

void insert_row(sqlite3* db, const Head& previous, std::int64_t writer, std::size_t payload_size) {
  std::string payload(payload_size, '\0');
  sqlite3_randomness(static_cast<int>(payload.size()), payload.data());
  const auto digest = XXH3_64bits(payload.data(), payload.size());
  const auto n = previous.n + 1;
  const auto hash = link(previous.hash, n, writer, &digest, sizeof digest);

  const auto row = prepare(db, "INSERT INTO ledger(n, writer, digest, hash, payload) VALUES(?, ?, ?, ?, ?)");
  sqlite3_bind_int64(row.get(), 1, n);
  sqlite3_bind_int64(row.get(), 2, writer);
  sqlite3_bind_int64(row.get(), 3, static_cast<std::int64_t>(digest));
  sqlite3_bind_int64(row.get(), 4, static_cast<std::int64_t>(hash));
  sqlite3_bind_blob(row.get(), 5, payload.data(), static_cast<int>(payload.size()), SQLITE_STATIC);
  if (sqlite3_step(row.get()) != SQLITE_DONE) fail(db, "insert");

  const auto slot = prepare(db, "UPDATE slot SET n = ? WHERE id = ?");
  sqlite3_bind_int64(slot.get(), 1, n);
  sqlite3_bind_int64(slot.get(), 2, slot_of(hash));
  if (sqlite3_step(slot.get()) != SQLITE_DONE) fail(db, "update");
}

void check_integrity(sqlite3* db) {
  const auto check = prepare(db, "PRAGMA integrity_check");
  if (sqlite3_step(check.get()) != SQLITE_ROW) fail(db, "integrity_check");
  const std::string answer = reinterpret_cast<const char*>(sqlite3_column_text(check.get(), 0));
  if (answer != "ok") throw std::runtime_error("ledger: integrity_check: " + answer);
}

/// Walks the chain; returns its head, and what it says about every slot.
LedgerState check_chain(sqlite3* db, std::map<std::int64_t, std::int64_t>& slots) {
  LedgerState state;
  const auto rows = prepare(db, "SELECT n, writer, digest, hash, payload FROM ledger ORDER BY n");
  while (sqlite3_step(rows.get()) == SQLITE_ROW) {
    const auto n = integer(rows, 0);
    const auto digest = static_cast<std::uint64_t>(integer(rows, 2));
    const auto hash = static_cast<std::uint64_t>(integer(rows, 3));
    const std::string where = "commit " + std::to_string(n);
    if (n != state.commit + 1)
      throw std::runtime_error("ledger: " + where + " follows " + std::to_string(state.commit));
    if (hash != link(state.hash, n, integer(rows, 1), &digest, sizeof digest))
      throw std::runtime_error("ledger: " + where + ": the hash is not that of this row and the one before it");
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(rows.get(), 4));
    const bool pruned = sqlite3_column_type(rows.get(), 4) == SQLITE_NULL;
    if (!pruned && digest != XXH3_64bits(sqlite3_column_blob(rows.get(), 4), size))
      throw std::runtime_error("ledger: " + where + ": the payload is not the one that was committed");
    state = {n, hash};
    slots[slot_of(hash)] = n;
  }
  return state;
}

void check_slots(sqlite3* db, const std::map<std::int64_t, std::int64_t>& slots) {
  const auto rows = prepare(db, "SELECT id, n FROM slot ORDER BY id");
  std::int64_t count = 0;
  while (sqlite3_step(rows.get()) == SQLITE_ROW) {
    const auto known = slots.find(integer(rows, 0));
    const auto expected = known == slots.end() ? 0 : known->second;
    if (integer(rows, 1) != expected) {
      throw std::runtime_error("ledger: slot " + std::to_string(integer(rows, 0)) + " is of commit " +
                               std::to_string(integer(rows, 1)) + ", not of " + std::to_string(expected));
    }
    ++count;
  }
  if (count != kLedgerSlots) throw std::runtime_error("ledger: " + std::to_string(count) + " slots");
}

bool is_busy(int code) { return (code & 0xff) == SQLITE_BUSY; }

}  // namespace

void create_ledger(sqlite3* db, std::uint32_t page_size, bool wal) {
  exec(db, "PRAGMA page_size=" + std::to_string(page_size));
  exec(db, std::string("PRAGMA journal_mode=") + (wal ? "WAL" : "DELETE"));
  exec(db, "BEGIN IMMEDIATE");
  exec(db,
       "CREATE TABLE IF NOT EXISTS ledger(n INTEGER PRIMARY KEY, writer INTEGER NOT NULL, digest INTEGER NOT NULL, "
       "hash INTEGER NOT NULL, payload BLOB)");
  exec(db, "CREATE TABLE IF NOT EXISTS slot(id INTEGER PRIMARY KEY, n INTEGER NOT NULL, fill BLOB)");
  exec(db, "WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < " +
               std::to_string(kLedgerSlots - 1) + ") INSERT OR IGNORE INTO slot SELECT i, 0, zeroblob(280) FROM i");
  exec(db, "COMMIT");
}

std::int64_t append_to_ledger(sqlite3* db, std::int64_t writer, std::size_t payload_size, bool prune) {
  const int begun = sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  if (is_busy(begun)) return 0;
  if (begun != SQLITE_OK) fail(db, "BEGIN");
  const auto previous = head_of(db);
  insert_row(db, previous, writer, payload_size);
  if (prune) {
    exec(db, "UPDATE ledger SET payload = NULL WHERE payload IS NOT NULL AND n < " + std::to_string(previous.n - 50));
  }
  exec(db, "COMMIT");
  return previous.n + 1;
}

LedgerState verify_ledger(const std::string& path) {
  const auto db = open(path, SQLITE_OPEN_READWRITE);
  check_integrity(db.get());
  std::map<std::int64_t, std::int64_t> slots;
  const auto state = check_chain(db.get(), slots);
  check_slots(db.get(), slots);
  return state;
}

LedgerState ledger_at(const std::string& path, std::int64_t n) {
  const auto db = open(path, SQLITE_OPEN_READWRITE);
  (void)sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const auto row = prepare(db.get(), "SELECT hash FROM ledger WHERE n = ?");
  sqlite3_bind_int64(row.get(), 1, n);
  const int code = sqlite3_step(row.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) fail(db.get(), "look");
  return {n, code == SQLITE_ROW ? static_cast<std::uint64_t>(integer(row, 0)) : 0};
}

std::int64_t newest_commit(const std::string& path) {
  const auto db = open(path, SQLITE_OPEN_READWRITE);
  (void)sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const auto there = prepare(db.get(), "SELECT 1 FROM sqlite_schema WHERE name = 'ledger'");
  if (sqlite3_step(there.get()) != SQLITE_ROW) return 0;
  return head_of(db.get()).n;
}

}  // namespace lshost::test
