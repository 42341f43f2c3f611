#include "support/plugin_check.hpp"

#include <nlohmann/json.hpp>

#include "support/process.hpp"

namespace lshost::test {

CheckResult check_plugin(const std::string& plugin, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {LSHOST_TEST_PROGRAM, "plugin", "check", plugin, "--json"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto finished = run({.command = command}, std::chrono::minutes(15));
  CheckResult result;
  result.exit_code = finished.status.code;
  result.printed = finished.err;
  const auto json = nlohmann::json::parse(finished.out, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return result;
  for (const auto& which : json["cases"]) {
    const auto verdict = which["verdict"].get<std::string>();
    auto& into = verdict == "passed" ? result.passed : verdict == "failed" ? result.failed : result.skipped;
    into.insert(which["name"].get<std::string>());
    if (verdict == "failed") {
      result.reasons += which["name"].get<std::string>() + ": " + which["reason"].get<std::string>() + "\n";
    }
  }
  result.reasons += "seed " + json["seed"].dump();
  return result;
}

}  // namespace lshost::test
