#include "check/application.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <xxhash.h>

#include <fstream>
#include <random>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "sqlite/result_code.hpp"

namespace lshost::check {
namespace {

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS ledger(one INTEGER PRIMARY KEY CHECK(one = 1), n INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO ledger VALUES(1, 0);"
    "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, k INTEGER, v TEXT)";

/// SQL that is a text of `length` characters, other ones for each `mix`.
std::string text_sql(const std::string& mix, std::uint64_t length) {
  return fmt::format("substr(replace(hex(zeroblob({})), '00', printf('%016x', ({}) * 2654435761)), 1, {})",
                     length / 16 + 1, mix, length);
}

std::string insert_sql(std::uint64_t first, std::uint64_t rows, std::uint64_t salt, std::uint64_t length) {
  return fmt::format(
      "WITH RECURSIVE s(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {}) "
      "INSERT INTO t SELECT {} + i, (i * {}) % 1009, {} FROM s;",
      rows, first, salt | 1, text_sql(fmt::format("i + {}", salt), length));
}

}  // namespace

std::string transaction(std::uint64_t seed, std::uint64_t n) {
  std::mt19937_64 random(seed ^ (n * 0x9e3779b97f4a7c15U));
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  const std::uint64_t first = n * 10'000;
  const std::uint64_t salt = below(1'000'000'000);
  std::string sql = "BEGIN IMMEDIATE;";
  switch (below(10)) {
    case 0:  // larger than a page cache of a few pages
      sql += insert_sql(first, 200 + below(300), salt, 200 + below(400));
      break;
    case 1:  // overflow pages
      sql += insert_sql(first, 1, salt, 20'000 + below(60'000));
      break;
    case 2:
      sql += fmt::format("UPDATE t SET v = {} WHERE id % 17 = {};",
                         text_sql(fmt::format("id + {}", salt), 10 + below(300)), below(17));
      break;
    case 3:
      sql += fmt::format("DELETE FROM t WHERE id % 5 = {};", below(5));
      break;
    case 4:
      sql += below(2) == 0 ? "CREATE INDEX IF NOT EXISTS by_k ON t(k, v);" : "DROP INDEX IF EXISTS by_k;";
      break;
    default:
      sql += insert_sql(first, 1 + below(5), salt, below(3'000));
  }
  return sql + fmt::format("UPDATE ledger SET n = {}; COMMIT", n);
}

Application::Application(const std::string& path, std::uint32_t page_size) {
  const int code = sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  try {
    sqlite::check(db_, code, path);
    (void)sqlite3_busy_timeout(db_, 20'000);
    // synchronous is NORMAL: what is committed survives a kill, and the check does not wait for its own disk.
    exec(fmt::format(
        "PRAGMA page_size={}; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=50; PRAGMA "
        "synchronous=NORMAL",
        page_size));
    exec(kSchema);
  } catch (...) {
    (void)sqlite3_close_v2(db_);
    throw;
  }
}

Application::~Application() { (void)sqlite3_close_v2(db_); }

void Application::exec(const std::string& sql) {
  sqlite::check(db_, sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), "the check's database");
}

std::string Application::query(const std::string& sql) {
  std::pair<std::string, bool> first;
  const auto take = [](void* into, int columns, char** values, char** /*names*/) {
    auto& [text, is_seen] = *static_cast<std::pair<std::string, bool>*>(into);
    if (!std::exchange(is_seen, true) && columns > 0 && *values != nullptr) text = *values;
    return 0;
  };
  sqlite::check(db_, sqlite3_exec(db_, sql.c_str(), take, &first, nullptr), "the check's database");
  return first.first;
}

void Application::commit(std::uint64_t seed, unsigned count) {
  std::uint64_t n = committed();
  for (unsigned i = 0; i < count; ++i) exec(transaction(seed, ++n));
}

std::uint64_t Application::committed() {
  const std::string n = query("SELECT n FROM ledger");
  return n.empty() ? 0 : std::stoull(n);
}

std::uint64_t Application::digest() {
  XXH3_state_t* state = XXH3_createState();
  (void)XXH3_64bits_reset(state);
  const auto take = [](void* into, int columns, char** values, char** /*names*/) {
    for (const char* value : std::span(values, static_cast<std::size_t>(columns))) {
      const std::string_view text = value == nullptr ? "" : value;
      (void)XXH3_64bits_update(static_cast<XXH3_state_t*>(into), text.data(), text.size());
      (void)XXH3_64bits_update(static_cast<XXH3_state_t*>(into), "\x1f", 1);
    }
    return 0;
  };
  const int code =
      sqlite3_exec(db_, "SELECT n, NULL, NULL FROM ledger UNION ALL SELECT * FROM (SELECT * FROM t ORDER BY id)", take,
                   state, nullptr);
  const std::uint64_t digest = XXH3_64bits_digest(state);
  (void)XXH3_freeState(state);
  sqlite::check(db_, code, "the check's database");
  return digest;
}

void Application::write_image(const std::string& path) {
  sqlite3_int64 size = 0;
  unsigned char* data = sqlite3_serialize(db_, "main", &size, 0);
  if (data == nullptr)
    throw Error(ErrorCode::transient, "there is not enough memory for an image of the check's database");
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(data), size);
  out.close();
  sqlite3_free(data);
  if (!out) throw_errno("write", path);
}

std::uint64_t Expected::digest_after(std::uint64_t n) {
  std::uint64_t done = replay_.committed();
  if (done > n) {
    replay_.exec("DELETE FROM t; DROP INDEX IF EXISTS by_k; UPDATE ledger SET n = 0");
    done = 0;
  }
  replay_.commit(seed_, static_cast<unsigned>(n - done));
  return replay_.digest();
}

}  // namespace lshost::check
