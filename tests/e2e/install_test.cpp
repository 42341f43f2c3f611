// What `cmake --install` puts under any prefix works from there.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;

TEST_CASE("install: the program finds its plugins relative to itself, under any prefix", "[e2e][install]") {
  const World world;
  const auto prefix = world / "a prefix";
  const auto installed = run({.command = {LSHOST_TEST_CMAKE, "--install", LSHOST_TEST_BINARY_DIR, "--prefix", prefix}});
  INFO(installed.err);
  REQUIRE(installed.status.code == 0);
  CHECK(fs::exists(prefix + "/include/lshost/plugin.h"));
  // Moved once more, to be sure that no path was remembered.
  const auto moved = world / "moved";
  fs::rename(prefix, moved);

  Writer(world.db(), {"commits=10"}).finish();
  const auto program = moved + "/bin/lshost";
  const auto listed = run({.command = {program, "plugin", "list"}});
  INFO(listed.out << listed.err);
  CHECK(listed.status.code == 0);
  CHECK(listed.out.find(moved + "/lib/lshost/plugins/lshost-file.so") != std::string::npos);
  const auto once = run({.command = {program, "replicate", "--config", world.config(), "--once"}}, kPatience);
  INFO(once.err);
  CHECK(once.status.code == 0);
  CHECK(restored_ledger(world.replica()).commit == 10);
}
