#pragma once
// Where in the history of a database something is.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lshost::db {

/// (generation, index, offset): the first byte that is not covered yet.
///
/// generation: a history without gaps, 16 lowercase hex digits; "" means none.
/// index:      which WAL of the generation, from 0; +1 each time SQLite restarts the log.
/// offset:     a byte in that WAL, 0 or behind a whole frame.
/// Prints as "generation/index:offset", numbers in hex: index of 8 digits at least, offset of 16.
struct Position {
  std::string generation;
  std::uint64_t index = 0;
  std::uint64_t offset = 0;

  [[nodiscard]] bool is_none() const noexcept { return generation.empty(); }
  bool operator==(const Position&) const = default;
};

/// Order inside one generation. REQUIRES: a.generation == b.generation.
[[nodiscard]] std::strong_ordering order(const Position& a, const Position& b);

[[nodiscard]] std::string to_string(const Position& position);

/// "INDEX:OFFSET" in hex as printed, "0x" allowed, as --position takes it; nullopt if it is not of that form.
struct IndexOffset {
  std::uint64_t index = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const IndexOffset&) const = default;
};
[[nodiscard]] std::optional<IndexOffset> parse_index_offset(std::string_view text) noexcept;

/// True for 16 lowercase hex digits.
[[nodiscard]] bool is_generation(std::string_view text) noexcept;

}  // namespace lshost::db
