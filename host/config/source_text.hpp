#pragma once
// A text by lines and columns: where places are, and how a line is shown with a caret below one.
//
// This file knows nothing of TOML.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace lshost::config {

/// The offset of the first byte that is not UTF-8.
[[nodiscard]] std::optional<std::size_t> first_bad_utf8(std::string_view text) noexcept;

/// A line and the caret line below it, both without a newline, ready for a terminal.
struct ShownLine {
  std::string line;
  std::string caret;
};

/// The lines of a text.
///
/// Ownership: borrows `text`.  Threads: immutable.  Errors: none; places outside of the text are moved into it.
/// Cost:      O(text) to make; O(line) for the rest.
class SourceText {
 public:
  explicit SourceText(std::string_view text);

  /// Without its line end. REQUIRES: 1 <= number <= line_count().
  [[nodiscard]] std::string_view line(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t line_count() const noexcept { return static_cast<std::uint32_t>(starts_.size()); }

  /// The bytes [begin, end).
  [[nodiscard]] std::string_view slice(std::size_t begin, std::size_t end) const {
    return text_.substr(begin, end - begin);
  }

  [[nodiscard]] std::size_t offset_of(Location location) const;
  [[nodiscard]] Location location_of(std::size_t offset) const;

  /// The line of `location` as written, but: runs of `secrets` become "***", control characters and broken UTF-8 become
  /// U+FFFD, and of a long line only what is near the place is shown. The caret stands below the place on a terminal,
  /// whatever the widths of the characters and tabs before it.
  [[nodiscard]] ShownLine show(Location location, const std::vector<Secret>& secrets) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;  ///< offset of each line; never empty
};

/// A key or value of the file for a message: control characters as U+FFFD, clipped behind `length_max` characters.
[[nodiscard]] std::string clean(std::string_view text, std::size_t length_max = 60);
/// The same in single quotes.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace lshost::config
