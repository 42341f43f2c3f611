#include "config/utf8.hpp"

#include <algorithm>
#include <array>

namespace lshost::config {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array kCombining{
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x0610, 0x061A}, Range{0x064B, 0x065F},
    Range{0x0900, 0x0902}, Range{0x093C, 0x093C}, Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A}, Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200D}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};

constexpr std::array kWide{
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x23E9, 0x23EC},   Range{0x2E80, 0x303E},
    Range{0x3041, 0xA4CF},   Range{0xA960, 0xA97C},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF01, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
    Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD}};

template <std::size_t count>
bool contains(const std::array<Range, count>& ranges, char32_t value) noexcept {
  return std::ranges::any_of(ranges, [value](Range range) { return range.first <= value && value <= range.last; });
}

constexpr CodePoint kBroken{kReplacementCharacter, 1, false};

/// Bytes of the sequence that `lead` begins; 0: none begins with it.
std::size_t sequence_size(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;  // C0 and C1 begin overlong forms only
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

bool is_scalar(char32_t value, std::size_t size) noexcept {
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value >= kSmallest[size] && value <= 0x10FFFF && !is_surrogate;
}

}  // namespace

CodePoint first_code_point(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = sequence_size(lead);
  if (size == 1) return {lead, 1, true};
  if (size == 0 || size > text.size()) return kBroken;
  char32_t value = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return kBroken;
    value = (value << 6U) | (byte & 0x3FU);
  }
  return is_scalar(value, size) ? CodePoint{value, size, true} : kBroken;
}

int terminal_width(char32_t value) noexcept {
  if (value < 0x0300) return 1;
  if (contains(kCombining, value)) return 0;
  return contains(kWide, value) ? 2 : 1;
}

bool is_control(char32_t value) noexcept {
  const bool is_c0_or_c1 = value < 0x20 || (value >= 0x7F && value < 0xA0);
  const bool is_direction = (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
  return is_c0_or_c1 || is_direction || value == 0x2028 || value == 0x2029;
}

}  // namespace lshost::config
