// Goal: a wrong command line is refused before anything runs, the help is no failure, and the right action is chosen.
// Method: a small command line of its own, with every rule that commands use; then the program for its exit codes.

#include "cli/command_line.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "support/process.hpp"

using namespace lshost::cli;
using namespace lshost::test;
using Catch::Contains;

namespace {

constexpr int kCopied = 40;  // no ExitCode: what the actions return
constexpr int kWatched = 41;
constexpr const char* kVariable = "LSHOST_TEST_CONFIG";

/// `tool copy FILE [options]`, `tool group inner`, and `tool --config FILE` without a command.
struct Tool {
  Tool() {
    line.top().add_option("--config", config, "the configuration", {.environment_variable = kVariable});
    const auto copy = line.top().add_command("copy", "copy a file");
    copy.add_option("file", file, "the file", {.is_required = true});
    copy.add_option("--config", config, "the configuration", {.environment_variable = kVariable});
    copy.add_option("-o,--output", output, "where to");
    copy.add_option("--time", time, "as of then");
    copy.add_option("--place", place, "up to there", {.excludes = "--time"});
    copy.add_option("--verify", verify, "how to check", {.choices = {"none", "quick"}, .shows_default = true});
    copy.add_option("--threads", threads, "how many", {.range = {{.min = 1, .max = 256}}});
    copy.add_flag("--force", force, "replace it");
    copy.run([] { return kCopied; });
    const auto group = line.top().add_command("group", "commands below a command");
    group.require_command();
    group.add_command("inner", "one of them").run([] { return kWatched; });
    line.run_without_command([this] { return !config.empty(); }, [] { return kWatched; });
  }

  /// The exit code; that of the action, if there is one, which is run.
  int run(std::vector<const char*> words) {
    words.insert(words.begin(), "tool");
    const auto parsed = line.parse(static_cast<int>(words.size()), words.data(), out, err);
    if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
    return std::get<Action>(parsed)();
  }

  std::string config, file, output, time, place, verify = "quick";
  unsigned threads = 0;
  bool force = false;
  std::ostringstream out, err;
  CommandLine line{"Copies files.", "tool"};
};

struct EnvironmentVariable {
  explicit EnvironmentVariable(const char* value) { REQUIRE(::setenv(kVariable, value, 1) == 0); }
  ~EnvironmentVariable() { (void)::unsetenv(kVariable); }
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;
};

}  // namespace

TEST_CASE("command line: the named command's action is chosen, and its options are read", "[cli]") {
  Tool tool;
  CHECK(tool.run({"copy", "a.db", "-o", "b.db", "--verify", "none", "--threads", "256", "--force"}) == kCopied);
  CHECK(tool.file == "a.db");
  CHECK(tool.output == "b.db");
  CHECK(tool.verify == "none");
  CHECK(tool.threads == 256);
  CHECK(tool.force);
  CHECK(tool.out.str().empty());
  CHECK(tool.err.str().empty());
}

TEST_CASE("command line: what is not given keeps its value", "[cli]") {
  Tool tool;
  CHECK(tool.run({"copy", "a.db"}) == kCopied);
  CHECK(tool.output.empty());
  CHECK(tool.verify == "quick");
  CHECK(tool.threads == 0);
  CHECK_FALSE(tool.force);
}

TEST_CASE("command line: a mistake is told, ends with the code for wrong usage, and nothing runs", "[cli]") {
  struct Mistake {
    std::vector<const char*> words;
    const char* told;
  };
  const auto mistake = GENERATE(values<Mistake>({
      {{"copy", "a.db", "--verify", "slow"}, "--verify: slow not in {none,quick}"},
      {{"copy", "a.db", "--threads", "0"}, "--threads: Value 0 not in range 1 to 256"},
      {{"copy", "a.db", "--threads", "257"}, "--threads: Value 257 not in range 1 to 256"},
      {{"copy", "a.db", "--threads", "many"}, "--threads"},
      {{"copy", "a.db", "--time", "t", "--place", "p"}, "--time excludes --place"},
      {{"copy", "a.db", "--output"}, "--output: 1 required TEXT missing"},
      {{"copy"}, "file is required"},
      {{"copy", "a.db", "b.db"}, "b.db"},
      {{"copy", "a.db", "--colour"}, "--colour"},
      {{"move", "a.db"}, "move"},
      {{"group"}, "A subcommand is required"},
      {{"group", "outer"}, "subcommand"},
  }));
  CAPTURE(mistake.words);
  Tool tool;
  CHECK(tool.run(mistake.words) == kWrongUsage);
  CHECK_THAT(tool.err.str(), Contains(mistake.told) && Contains("Run with --help for more information."));
  CHECK(tool.out.str().empty());
}

TEST_CASE("command line: a command below another one is found", "[cli]") {
  Tool tool;
  CHECK(tool.run({"group", "inner"}) == kWatched);
}

TEST_CASE("command line: the environment is read if the option is not given", "[cli]") {
  const EnvironmentVariable variable("from-environment");
  Tool tool;
  SECTION("not given") {
    CHECK(tool.run({"copy", "a.db"}) == kCopied);
    CHECK(tool.config == "from-environment");
  }
  SECTION("given") {
    CHECK(tool.run({"copy", "a.db", "--config", "named"}) == kCopied);
    CHECK(tool.config == "named");
  }
  SECTION("without a command") { CHECK(tool.run({}) == kWatched); }
}

TEST_CASE("command line: --help prints to standard output and succeeds", "[cli]") {
  Tool tool;
  SECTION("of all") {
    CHECK(tool.run({"--help"}) == kDone);
    CHECK_THAT(tool.out.str(), Contains("Copies files.") && Contains("Usage: tool [OPTIONS] [SUBCOMMAND]") &&
                                   Contains("copy a file") && Contains("(Env:LSHOST_TEST_CONFIG)"));
  }
  SECTION("of a command") {
    CHECK(tool.run({"copy", "--help"}) == kDone);
    CHECK_THAT(tool.out.str(), Contains("Usage: tool copy [OPTIONS] file") &&
                                   Contains("--verify TEXT:{none,quick}=quick") &&
                                   Contains("--threads UINT:INT in [1 - 256]") && Contains("Excludes: --time"));
  }
  CHECK(tool.err.str().empty());
}

TEST_CASE("command line: without a command, what runs is what was asked for, else the help", "[cli]") {
  Tool tool;
  SECTION("asked for") { CHECK(tool.run({"--config", "a.toml"}) == kWatched); }
  SECTION("not asked for") {
    CHECK(tool.run({}) == kWrongUsage);
    CHECK_THAT(tool.err.str(), Contains("Usage: tool [OPTIONS] [SUBCOMMAND]"));
    CHECK(tool.out.str().empty());
  }
  SECTION("a command comes first") { CHECK(tool.run({"--config", "a.toml", "copy", "a.db"}) == kCopied); }
}

TEST_CASE("command line: the program ends with the code that its command line earned", "[cli]") {
  const auto code = [](const std::vector<std::string>& words) {
    std::vector<std::string> command{LSHOST_TEST_PROGRAM};
    command.insert(command.end(), words.begin(), words.end());
    return run({.command = command}).status.code;
  };
  CHECK(code({"version"}) == kDone);
  CHECK(code({"restore", "--help"}) == kDone);
  CHECK(code({"restore"}) == kWrongUsage);
  CHECK(code({"restart"}) == kWrongUsage);
}
