// Goal: the command says what it was asked, and what is wrong with the question.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/app_database.hpp"
#include "support/plugin_check.hpp"
#include "support/process.hpp"

using namespace lshost::test;
using Catch::Matchers::Contains;

namespace {

Finished plugin_check(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}) {
  arguments.insert(arguments.begin(), {LSHOST_TEST_PROGRAM, "plugin", "check"});
  return run({.command = std::move(arguments), .environment = environment});
}

const std::string kFile = std::string(LSHOST_TEST_PLUGINS) + "/lshost-file.so";
const std::string kBroken = std::string(LSHOST_TEST_PLUGINS_DIR) + "/lshost-broken.so";

}  // namespace

TEST_CASE("plugin check: cases are listed without a plugin", "[check]") {
  const auto text = plugin_check({"--list"});
  CHECK(text.status.code == 0);
  CHECK_THAT(text.out, Contains("hands-off") && Contains("store-killed"));
  const auto json = nlohmann::json::parse(plugin_check({"--list", "--json", "--case", "stop"}).out);
  REQUIRE(json.size() == 1);
  CHECK(json[0]["name"] == "stop");
  CHECK(json[0]["needs"] == "create");
}

TEST_CASE("plugin check: a wrong question is answered with exit code 2", "[check]") {
  CHECK(plugin_check({}).status.code == 2);
  CHECK(plugin_check({"/nonexistent/lshost-x.so"}).status.code == 2);
  const auto typo = plugin_check({kFile, "--case", "hand-off"});
  CHECK(typo.status.code == 2);
  CHECK_THAT(typo.err, Contains("did you mean 'hands-off'"));
  CHECK(plugin_check({kFile, "--seed", "x"}).status.code == 2);
  CHECK(plugin_check({kFile, "--rounds", "0"}).status.code == 2);
  CHECK(plugin_check({kFile, "--set", "path"}).status.code == 2);
}

TEST_CASE("plugin check: a failed case is told with its reason, a hint and how to repeat it", "[check]") {
  const auto end = plugin_check({kBroken, "--set", "fault=accepts-any-key", "--case", "config-unknown", "--seed", "7"});
  CHECK(end.status.code == 1);
  CHECK_THAT(end.out, Contains("FAIL  config-unknown") && Contains("which it can not know") && Contains("hint: ") &&
                          Contains("1 failed") && Contains("seed 7") && Contains("--seed 7 --case config-unknown"));
}

TEST_CASE("plugin check: the configuration comes from a file, from options and from the environment", "[check]") {
  const TempDir folder;
  const std::string config = folder / "replicas.toml";
  write_file(config, std::as_bytes(std::span(std::string_view(
                         "[[database]]\npath = \"/nonexistent.db\"\n[[database.replica]]\ntype = \"broken\"\n"
                         "path = \"{scratch}\"\nfault = \"accepts-any-key\"\n"))));
  const auto from_file = check_plugin(kBroken, {"--config", config, "--case", "config-unknown"});
  CHECK(from_file.failed == std::set<std::string>{"config-unknown"});
  const auto replaced = check_plugin(kBroken, {"--config", config, "--set", "fault=none", "--case", "config-unknown"});
  INFO(replaced.reasons << replaced.printed);
  CHECK(replaced.passed == std::set<std::string>{"config-unknown"});
  const auto from_environment =
      plugin_check({kBroken, "--set", "fault=${LSHOST_TEST_FAULT}", "--case", "config-unknown"},
                   {{"LSHOST_TEST_FAULT", "accepts-any-key"}});
  CHECK(from_environment.status.code == 1);
  const auto unknown = check_plugin(kBroken, {"--set", "falt=none", "--case", "create"});
  CHECK_THAT(unknown.reasons, Contains("did you mean 'fault'"));
}
