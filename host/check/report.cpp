#include "check/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lshost::check {
namespace {

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "ok";
    case Verdict::failed:
      return "FAIL";
    case Verdict::skipped:
      return "skip";
  }
  return "?";
}

/// Every line of `text`, moved to the right.
std::string indented(const std::string& text) {
  std::string out = "        ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "        ";
  }
  return out + "\n";
}

double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000.0; }

}  // namespace

Counts count(const std::vector<Result>& results) {
  Counts counts;
  for (const Result& result : results) {
    if (result.outcome.verdict == Verdict::passed) ++counts.passed;
    if (result.outcome.verdict == Verdict::failed) ++counts.failed;
    if (result.outcome.verdict == Verdict::skipped) ++counts.skipped;
  }
  return counts;
}

std::string text_of(const Result& result) {
  const Case& which = *result.which;
  const auto verdict = result.outcome.verdict;
  if (verdict == Verdict::skipped) return fmt::format("  skip  {:<22}{}\n", which.name, result.outcome.reason);
  std::string text =
      fmt::format("  {:<6}{:<22}{:6.2f} s  {}\n", word_of(verdict), which.name, seconds(result.took), which.promise);
  if (verdict == Verdict::failed) {
    text += indented(result.outcome.reason);
    text += indented(fmt::format("hint: {}", which.hint));
  }
  return text;
}

std::string summary_of(const Request& request, const std::vector<Result>& results) {
  const Counts counts = count(results);
  std::chrono::milliseconds took{0};
  for (const Result& result : results) took += result.took;
  std::string text = fmt::format("{} cases: {} passed, {} failed, {} skipped; {:.1f} s; seed {}\n", results.size(),
                                 counts.passed, counts.failed, counts.skipped, seconds(took), request.seed);
  const auto failed = std::ranges::find(results, Verdict::failed, [](const Result& r) { return r.outcome.verdict; });
  if (failed != results.end()) {
    text += fmt::format("to repeat one: add --seed {} --case {}\n", request.seed, failed->which->name);
  }
  return text;
}

std::string list_of(const std::vector<const Case*>& cases) {
  std::string text;
  for (const Case* which : cases)
    text += fmt::format("{:<22}{:<12}{}\n", which->name, to_string(which->layer), which->promise);
  return text;
}

nlohmann::ordered_json to_json(const Request& request, const std::vector<Result>& results) {
  const Counts counts = count(results);
  auto cases = nlohmann::ordered_json::array();
  for (const Result& result : results) {
    cases.push_back({{"name", result.which->name},
                     {"layer", to_string(result.which->layer)},
                     {"promise", result.which->promise},
                     {"verdict", to_string(result.outcome.verdict)},
                     {"reason", result.outcome.reason},
                     {"hint", result.outcome.verdict == Verdict::failed ? result.which->hint : ""},
                     {"seconds", seconds(result.took)}});
  }
  return {{"file", request.file},    {"seed", request.seed},    {"rounds", request.rounds},  {"ok", counts.failed == 0},
          {"passed", counts.passed}, {"failed", counts.failed}, {"skipped", counts.skipped}, {"cases", cases}};
}

nlohmann::ordered_json to_json(const std::vector<const Case*>& cases) {
  auto all = nlohmann::ordered_json::array();
  for (const Case* which : cases) {
    all.push_back({{"name", which->name},
                   {"layer", to_string(which->layer)},
                   {"needs", which->needs},
                   {"promise", which->promise},
                   {"hint", which->hint}});
  }
  return all;
}

}  // namespace lshost::check
