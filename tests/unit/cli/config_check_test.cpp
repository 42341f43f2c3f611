// Goal: `lshost config check` says all that is wrong, plugins' keys included, in words and for programs.
// Method: run the program itself, with the test plugins in its plugin-path.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

using namespace lshost::test;
using Catch::Contains;

namespace {

constexpr auto kReplica = "[[database]]\npath = 'a.db'\n[[database.replica]]\n";

/// Runs the check on a file with these keys in its only replica. It is named relative to the folder it is in.
Finished check(const std::string& keys, const std::vector<std::string>& options = {}) {
  const TempDir dir;
  std::ofstream(dir / "replicas.toml") << fmt::format("plugin-path = '{}'\n{}{}", LSHOST_TEST_PLUGINS_DIR, kReplica,
                                                      keys);
  // What is wrong with a file that everybody can read is another test's.
  std::filesystem::permissions(dir / "replicas.toml",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::vector<std::string> command{LSHOST_TEST_PROGRAM, "config", "check", "replicas.toml"};
  command.insert(command.end(), options.begin(), options.end());
  return run({.command = command, .directory = dir.path()});
}

}  // namespace

TEST_CASE("config check: a good file is one line", "[cli][config]") {
  const auto done = check("type = 'scripted'\nwork = 'none'\ntags = ['a', 'b']\nbuffer = '1MiB'\n");
  CHECK(done.out == "replicas.toml: ok, 1 database, 1 replica\n");
  CHECK(done.err.empty());
  CHECK(done.status.code == 0);
}

TEST_CASE("config check: a plugin's keys are checked like the host's", "[cli][config]") {
  const auto done =
      check("type = 'scripted'\nwork = 'nune'\nthread = 2\npassword = 5\nretention = 'x'\npause = '1 s'\n");
  CHECK(done.out.empty());
  CHECK(done.err ==
        "replicas.toml:6:8: work: expected \"none\", \"wait\", \"sleep\", \"read\", \"stream\", \"snapshot\", \"poll\" "
        "or "
        "\"stuck\", found \"nune\"; did you mean \"none\"?\n"
        "    work = 'nune'\n"
        "           ^\n"
        "replicas.toml:7:1: unknown key 'thread'; did you mean 'threads'?\n"
        "    thread = 2\n"
        "    ^\n"
        "replicas.toml:8:12: password: expected a string, found an integer\n"
        "    password = ***\n"
        "               ^\n"
        "replicas.toml:9:13: retention: expected a duration such as \"1s\" or \"24h\", found \"x\"\n"
        "    retention = 'x'\n"
        "                ^\n"
        "replicas.toml:10:9: pause: expected a duration such as \"1s\" or \"24h\", found \"1 s\"\n"
        "    pause = '1 s'\n"
        "            ^\n");
  CHECK(done.status.code == 2);
}

TEST_CASE("config check: a type that nobody has lists those that there are", "[cli][config]") {
  const auto done = check("type = 'scriptd'\n");
  CHECK_THAT(done.err, Catch::StartsWith("replicas.toml:5:8: there is no plugin for type 'scriptd'"));
  CHECK_THAT(done.err, Contains("did you mean 'scripted'?"));
  CHECK_THAT(done.err, Contains("types found: "));
  CHECK_THAT(done.err, Contains("plain-c"));
  CHECK_THAT(done.err, Catch::EndsWith("    type = 'scriptd'\n           ^\n"));
  CHECK(done.status.code == 2);
}

TEST_CASE("config check: a plugin that can not be loaded is a mistake where its type stands", "[cli][config]") {
  const auto done = check("type = 'abi-2'\nanything = 1\n");
  CHECK_THAT(done.err, Catch::StartsWith("replicas.toml:5:8: "));
  CHECK_THAT(done.err, Contains("made for plugin ABI 2"));
  CHECK(done.status.code == 2);
}

TEST_CASE("config check: a plugin without a schema takes any keys here", "[cli][config]") {
  CHECK(check("type = 'plain-c'\nanything = 1\n").status.code == 0);
}

TEST_CASE("config check --json: one object, whatever is wrong", "[cli][config]") {
  const auto parse = [](const Finished& done) { return nlohmann::json::parse(done.out); };
  SECTION("nothing") {
    const auto done = check("type = 'scripted'\n", {"--json"});
    CHECK(done.status.code == 0);
    CHECK(parse(done) == nlohmann::json{{"ok", true},
                                        {"file", "replicas.toml"},
                                        {"databases", 1},
                                        {"replicas", 1},
                                        {"mistakes", nlohmann::json::array()}});
  }
  SECTION("a key") {
    const auto done = check("type = 'scripted'\nthread = 2\n", {"--json"});
    CHECK(done.status.code == 2);
    CHECK(done.err.empty());
    const auto answer = parse(done);
    CHECK(answer["ok"] == false);
    REQUIRE(answer["mistakes"].size() == 1);
    CHECK(answer["mistakes"][0] == nlohmann::json{{"file", "replicas.toml"},
                                                  {"line", 6},
                                                  {"column", 1},
                                                  {"severity", "error"},
                                                  {"message", "unknown key 'thread'; did you mean 'threads'?"}});
  }
  SECTION("a file that is not there") {
    const auto done = run({.command = {LSHOST_TEST_PROGRAM, "config", "check", "/no-such.toml", "--json"}});
    CHECK(done.status.code == 2);
    const auto answer = parse(done);
    CHECK(answer["ok"] == false);
    CHECK(answer["mistakes"][0]["line"] == 0);
    CHECK(answer["mistakes"][0]["message"] == "configuration /no-such.toml: No such file or directory");
  }
}

TEST_CASE("config check: a file that can not be read is one sentence", "[cli][config]") {
  const auto done = run({.command = {LSHOST_TEST_PROGRAM, "config", "check", "/no-such.toml"}});
  CHECK(done.err == "lshost: configuration /no-such.toml: No such file or directory\n");
  CHECK(done.status.code == 2);
}

TEST_CASE("config check: a configuration may come through a pipe", "[cli][config]") {
  const auto text = fmt::format("plugin-path = '{}'\n{}type = 'plain-c'\n", LSHOST_TEST_PLUGINS_DIR, kReplica);
  const auto done = run({.command = {LSHOST_TEST_PROGRAM, "config", "check", "/dev/stdin"}, .input = text});
  CHECK(done.out == "/dev/stdin: ok, 1 database, 1 replica\n");
}
