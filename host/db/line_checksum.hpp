#pragma once
// A line of text that shows whether it is whole: a space, the XXH3-64 of all before it in 16 hex digits, a newline.
//
// For small files that are written and not synced: a part of one must not pass for the whole. It is no protection
// against somebody who can write the file.

#include <optional>
#include <string>
#include <string_view>

namespace lshost::db {

/// REQUIRES: no newline in `line`.
[[nodiscard]] std::string with_checksum(std::string line);
/// The line without it, a part of `text`. nullopt: it is not what with_checksum made.
[[nodiscard]] std::optional<std::string_view> strip_checksum(std::string_view text);

}  // namespace lshost::db
