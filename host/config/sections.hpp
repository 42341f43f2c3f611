#pragma once
// The tables of the file into a Config: known keys, required keys, and what must be unique.

#include <string>

#include "config/document.hpp"
#include "config/values.hpp"

namespace lshost::config {

/// Reads what can be read and reports the rest; with mistakes the result is for more checks, not for use.
/// `directory` is absolute.
[[nodiscard]] Config read_sections(const Table& root, const std::string& directory, Mistakes& mistakes);

}  // namespace lshost::config
