#pragma once
// ${NAME} in strings: text from the environment.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/source_text.hpp"

namespace lshost::config {

/// The value of an environment variable; nullopt if it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] std::optional<std::string> environment(const std::string& name);

struct Expansion {
  struct Fault {
    std::size_t offset;  ///< of the '$' in what was expanded
    std::string message;
  };
  std::string text;
  bool is_expanded = false;  ///< at least one variable was put in
  std::vector<Fault> faults;
};

/// "${NAME}" becomes the variable's value (which is not expanded again), "$$" a dollar; any other dollar stays.
[[nodiscard]] Expansion expand(std::string_view text, const Lookup& lookup);

/// Expands every string of a document in place. A string with a mistake is reported and left broken.
void expand_all(Table& root, const SourceText& source, const Lookup& lookup, std::vector<Diagnostic>& mistakes);

}  // namespace lshost::config
