#pragma once
// A value that was written without quotes, on a command line or in a URL, as a configuration would have it.

#include <string>

#include "config/config.hpp"

namespace lshost::config {

/// A text stays one where it is none of the type, for the checks to find.
[[nodiscard]] Value value_of_text(KeyType type, std::string text);

}  // namespace lshost::config
