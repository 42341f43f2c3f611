#pragma once
// One case of the conformance suite: a name, what it promises, and the function that finds out.

#include <chrono>
#include <string_view>
#include <vector>

namespace lshost::check {

class Bench;

/// Whom a case is for.
enum class Layer {
  file,        ///< the library as it lies there: nothing of it runs
  library,     ///< loading it, and its configuration
  replicator,  ///< every type
  store,       ///< types that give the host's engine a store
};

[[nodiscard]] std::string_view to_string(Layer layer) noexcept;

/// Throws Failed or Skipped; any other exception is a failure, too. Runs in a process of its own.
using Run = void (*)(Bench&);

struct Case {
  std::string_view name;  ///< [a-z-]+, unique
  Layer layer;
  std::string_view needs;    ///< without this case it says nothing: it is skipped if that one did not pass; "": none
  std::string_view promise;  ///< what holds if it passes
  std::string_view hint;     ///< what to look at if it does not
  std::chrono::seconds limit;
  Run run;
};

/// All cases, each behind the one that it needs. Static.
[[nodiscard]] const std::vector<Case>& all_cases();
/// nullptr: there is none of that name.
[[nodiscard]] const Case* find_case(std::string_view name);

}  // namespace lshost::check
