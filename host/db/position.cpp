#include "db/position.hpp"

#include <charconv>

#include "base/assert.hpp"
#include "base/hex.hpp"

namespace lshost::db {

std::strong_ordering order(const Position& a, const Position& b) {
  LSHOST_ASSERT(a.generation == b.generation);
  if (const auto by_index = a.index <=> b.index; by_index != std::strong_ordering::equal) return by_index;
  return a.offset <=> b.offset;
}

std::string to_string(const Position& position) {
  if (position.is_none()) return "none";
  std::string index = to_hex16(position.index);
  if (position.index <= 0xffffffff) index.erase(0, 8);
  return position.generation + "/" + index + ":" + to_hex16(position.offset);
}

namespace {

std::optional<std::uint64_t> parse_hex(std::string_view text) noexcept {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<IndexOffset> parse_index_offset(std::string_view text) noexcept {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto index = parse_hex(text.substr(0, colon));
  const auto offset = parse_hex(text.substr(colon + 1));
  if (!index || !offset) return std::nullopt;
  return IndexOffset{*index, *offset};
}

bool is_generation(std::string_view text) noexcept { return from_hex16(text).has_value(); }

}  // namespace lshost::db
