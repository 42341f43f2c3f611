#include "support/ledger.hpp"

#include <catch2/catch.hpp>

#include "support/app_database.hpp"
#include "support/process.hpp"

using namespace lshost::test;

namespace {

std::string ledger_of(const TempDir& dir, const std::string& commits) {
  const auto path = dir / "ledger.db";
  const auto end = run({.command = {LSHOST_TEST_LEDGER_WRITER, path, "commits=" + commits, "checkpoint=truncate"}});
  INFO(end.err);
  REQUIRE(end.status.code == 0);
  return path;
}

}  // namespace

TEST_CASE("ledger: a good one tells its commit", "[support]") {
  const TempDir dir;
  CHECK(verify_ledger(ledger_of(dir, "130")).commit == 130);
}

// Goal: no e2e test can pass on a database that is not one commit.
// Method: healthy SQLite files with one wrong thing in them.
TEST_CASE("ledger: every kind of mixture is found out", "[support]") {
  const TempDir dir;
  const auto path = ledger_of(dir, "130");
  const char* damage = nullptr;
  SECTION("a row is missing in the middle") { damage = "DELETE FROM ledger WHERE n = 70"; }
  SECTION("the first row is missing") { damage = "DELETE FROM ledger WHERE n = 1"; }
  SECTION("a row is of another history") {
    damage = "UPDATE ledger SET digest = digest + 1, payload = NULL WHERE n = 70";
  }
  SECTION("a payload is not the one") { damage = "UPDATE ledger SET payload = zeroblob(9) WHERE n = 129"; }
  SECTION("a page of slots is older") { damage = "UPDATE slot SET n = 0 WHERE n = 130"; }
  SECTION("a page of slots is newer") { damage = "DELETE FROM ledger WHERE n = 130"; }
  SECTION("a slot is gone") { damage = "DELETE FROM slot WHERE id = 3"; }
  CAPTURE(damage);
  {
    AppConnection app(path);
    app.exec(damage);
  }
  CHECK_THROWS_AS(verify_ledger(path), std::runtime_error);
}

TEST_CASE("ledger: several writers at once make one chain", "[support]") {
  const TempDir dir;
  const auto path = ledger_of(dir, "1");
  Process first({.command = {LSHOST_TEST_LEDGER_WRITER, path, "writer=1", "commits=200", "vacuum=1"}});
  Process second(
      {.command = {LSHOST_TEST_LEDGER_WRITER, path, "writer=2", "commits=200", "reopen=1", "checkpoint=restart"}});
  CHECK(first.wait().value().code == 0);
  CHECK(second.wait().value().code == 0);
  CHECK(first.err() == "refused 0\n");
  CHECK(second.err() == "refused 0\n");
  CHECK(newest_commit(path) == 401);
  CHECK(verify_ledger(path).commit == 401);
}
