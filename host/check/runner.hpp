#pragma once
// Runs cases, each in a process of its own, and makes a verdict of whatever becomes of that process.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "check/bench.hpp"
#include "check/case.hpp"
#include "check/outcome.hpp"
#include "check/settings.hpp"

namespace lshost::check {

/// A case that was run, or skipped.
struct Result {
  const Case* which = nullptr;
  Outcome outcome;
  std::chrono::milliseconds took{0};
};

/// Why a case says nothing after what became of others; "": it is to be run. Pure.
[[nodiscard]] std::string reason_to_skip(const Case& next, const std::map<std::string_view, Outcome>& known);

/// What a process comes to that ended without saying its outcome. Pure.
[[nodiscard]] std::string reason_of_end(const std::string& how, const std::string& doing, const std::string& printed);

/// Runs the cases in their order. `seen` gets each result as it is known. The work folder is removed at the end.
/// Throws Error where no process can be started or no folder made.
[[nodiscard]] std::vector<Result> run_cases(const Request& request, const std::vector<const Case*>& cases,
                                            const std::function<void(const Result&)>& seen);

/// In a process of its own: runs the case of `role` and sends its outcome. Never returns: what a plugin left running
/// must not run into the end of a program.
[[noreturn]] void run_role(const Request& request, const Role& role);

}  // namespace lshost::check
