// Goal: our own plugins keep what the ABI promises, by the suite that plugin authors run.

#include <catch2/catch.hpp>

#include "support/plugin_check.hpp"

using namespace lshost::test;

namespace {

constexpr std::size_t kStoreCases = 16;

}  // namespace

TEST_CASE("plugin check: the file plugin passes", "[check]") {
  const auto result = check_plugin(std::string(LSHOST_TEST_PLUGINS) + "/lshost-file.so");
  INFO(result.reasons << result.printed);
  CHECK(result.exit_code == 0);
  CHECK(result.failed.empty());
  CHECK(result.passed.size() == 26);
  CHECK(result.skipped.size() == kStoreCases + 1);  // it has no secrets
}

TEST_CASE("plugin check: a store passes, by itself and under the engine", "[check]") {
  const auto result =
      check_plugin(std::string(LSHOST_TEST_PLUGINS_DIR) + "/lshost-folder.so", {"--set", "path={scratch}"});
  INFO(result.reasons << result.printed);
  CHECK(result.exit_code == 0);
  CHECK(result.failed.empty());
  CHECK(result.passed.size() == 26 + kStoreCases);
  CHECK(result.skipped == std::set<std::string>{"secrets"});  // it has none of its own
}

TEST_CASE("plugin check: a plugin in plain C that keeps nothing is told what is missing, and not more", "[check]") {
  const auto result = check_plugin(std::string(LSHOST_TEST_PLUGINS_DIR) + "/lshost-plain-c.so");
  INFO(result.reasons << result.printed);
  CHECK(result.failed == std::set<std::string>{"replicate"});
  CHECK_THAT(result.reasons, Catch::Contains("never reported a snapshot"));
  CHECK(result.passed.contains("stop"));
}
