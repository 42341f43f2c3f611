#include "sqlite/check_database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "support/app_database.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using sqlite::CheckLevel;

namespace {

/// Several of the blocks that the check reads, with an index, an overflow chain and free pages.
void make_database(const std::string& path, const std::string& page_size) {
  test::AppDatabase app;
  app.exec("PRAGMA journal_mode=DELETE");
  app.exec("PRAGMA page_size=" + page_size);
  app.exec("VACUUM");
  app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, word TEXT UNIQUE, body BLOB)");
  app.exec(
      "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<3000) "
      "INSERT INTO t SELECT i, 'word ' || (i * 7919 % 3001), randomblob(i % 900 + CASE i WHEN 9 THEN 300000 ELSE 0 "
      "END) "
      "FROM n");
  app.exec("DELETE FROM t WHERE id % 10 = 3");
  app.exec("VACUUM INTO '" + path + "'");
}

void overwrite(const std::string& path, std::uint64_t offset, const std::string& bytes) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<::off_t>(offset)) ==
          static_cast<::ssize_t>(bytes.size()));
}

/// While it lives, each new connection of this process knows a function trap(x), which gives x and counts its calls:
/// what a library that was built with more than ours, or a plugin, might offer to a schema.
class Trap {
 public:
  Trap() {
    calls = 0;
    (void)sqlite3_auto_extension(reinterpret_cast<void (*)()>(&Trap::add));
  }
  ~Trap() { (void)sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&Trap::add)); }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;

  static inline int calls = 0;

 private:
  static int add(sqlite3* db, const char**, const void*) {
    return sqlite3_create_function(db, "trap", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, &Trap::call, nullptr,
                                   nullptr);
  }
  static void call(sqlite3_context* context, int, sqlite3_value** values) {
    ++calls;
    sqlite3_result_value(context, values[0]);
  }
};

}  // namespace

TEST_CASE("check_database: the schema of a trap runs nothing", "[sqlite][security]") {
  const test::TempDir folder;
  const std::string path = folder / "trap.db";
  const Trap trap;
  SECTION("the expression of an index") {
    {
      test::AppConnection app(path);
      app.exec("CREATE TABLE t(x); INSERT INTO t VALUES(1),(2); CREATE INDEX i ON t(trap(x))");
    }
    Trap::calls = 0;
    const auto note = sqlite::check_database(path, CheckLevel::full);
    CHECK(note.find("unsafe use of trap") != std::string::npos);
  }
  SECTION("a generated column") {
    {
      test::AppConnection app(path);
      app.exec("CREATE TABLE t(x, y AS (trap(x)) VIRTUAL NOT NULL); INSERT INTO t VALUES(1)");
    }
    Trap::calls = 0;
    const auto note = sqlite::check_database(path, GENERATE(CheckLevel::quick, CheckLevel::full));
    CHECK(note.find("unsafe use of trap") != std::string::npos);
  }
  CHECK(Trap::calls == 0);
}

TEST_CASE("check_database: a good database of any page size passes, and nothing appears beside it", "[sqlite]") {
  const auto page_size = GENERATE(as<std::string>{}, "512", "1024", "4096", "65536");
  const test::TempDir folder;
  const std::string path = folder / "good?.db";  // a name that a URI has to quote
  make_database(path, page_size);
  REQUIRE(std::filesystem::file_size(path) > 1'000'000);
  CHECK(sqlite::check_database(path, CheckLevel::quick).empty());
  CHECK(sqlite::check_database(path, CheckLevel::full).empty());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("check_database: damage in any block of the file is found", "[sqlite]") {
  const test::TempDir folder;
  const std::string path = folder / "bad.db";
  make_database(path, "4096");
  const std::uint64_t pages = std::filesystem::file_size(path) / 4096;
  const auto tenth = GENERATE(0U, 1U, 3U, 5U, 7U, 9U);
  // Page headers of leaves and inner pages alike: their type, and where their cells are.
  for (std::uint64_t page = 1 + tenth * (pages - 1) / 10, end = page + 80; page < end; ++page) {
    overwrite(path, page * 4096, std::string(8, '\x77'));
  }
  CHECK_THROWS_WITH(sqlite::check_database(path, CheckLevel::quick), Catch::Contains("damage"));
}

TEST_CASE("check_database: a database that is cut is damaged", "[sqlite]") {
  const test::TempDir folder;
  const std::string path = folder / "cut.db";
  make_database(path, "4096");
  const auto cut = GENERATE(4096U, 500'000U);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - cut);
  CHECK_THROWS_AS(sqlite::check_database(path, CheckLevel::quick), Error);
}

TEST_CASE("check_database: level none looks at nothing", "[sqlite]") {
  CHECK(sqlite::check_database("/nowhere/at/all.db", CheckLevel::none).empty());
}
