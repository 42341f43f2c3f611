#pragma once
// What a person, or a program, reads of a run.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "check/runner.hpp"

namespace lshost::check {

struct Counts {
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned skipped = 0;
};
[[nodiscard]] Counts count(const std::vector<Result>& results);

/// "  ok    exports   0.01 s", and below a failed or skipped one why, and what to look at. Ends in a newline.
[[nodiscard]] std::string text_of(const Result& result);
/// "41 cases: 30 passed, 1 failed, 10 skipped; seed 7", and how a failed one is repeated.
[[nodiscard]] std::string summary_of(const Request& request, const std::vector<Result>& results);
/// All cases, or the chosen ones, with what they promise.
[[nodiscard]] std::string list_of(const std::vector<const Case*>& cases);

[[nodiscard]] nlohmann::ordered_json to_json(const Request& request, const std::vector<Result>& results);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<const Case*>& cases);

}  // namespace lshost::check
