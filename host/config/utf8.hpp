#pragma once
// Code points of a text, one by one, and how wide a terminal shows them.

#include <cstdint>
#include <string_view>

namespace lshost::config {

struct CodePoint {
  char32_t value = 0;     ///< U+FFFD if is_valid is false
  std::size_t size = 0;   ///< bytes; 1 for a byte that is not UTF-8
  bool is_valid = false;  ///< neither broken, overlong, surrogate nor beyond U+10FFFF
};

inline constexpr char32_t kReplacementCharacter = 0xFFFD;
inline constexpr std::string_view kReplacementUtf8 = "\xEF\xBF\xBD";

/// REQUIRES: `text` is not empty.
[[nodiscard]] CodePoint first_code_point(std::string_view text) noexcept;

/// Columns on a terminal: 0 for marks that combine with what stands before, 2 for wide East Asian characters and emoji,
/// else 1. By the ranges that matter; the locale has no say, so that a daemon in "C" prints the same.
[[nodiscard]] int terminal_width(char32_t value) noexcept;

/// Characters that would move the cursor, change colours, or reorder the line.
[[nodiscard]] bool is_control(char32_t value) noexcept;

}  // namespace lshost::config
