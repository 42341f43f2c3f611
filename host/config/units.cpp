// Durations and sizes as people write them.

#include <array>
#include <charconv>
#include <limits>

#include "config/config.hpp"

namespace lshost::config {
namespace {

template <class Number>
struct Unit {
  std::string_view name;
  Number factor;
};

// From large to small: the order in which the parts of a duration stand.
constexpr std::array<Unit<std::int64_t>, 7> kDurationUnits{{
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

constexpr std::array<Unit<std::uint64_t>, 10> kSizeUnits{{
    {"", 1},
    {"B", 1},
    {"KiB", std::uint64_t{1} << 10},
    {"MiB", std::uint64_t{1} << 20},
    {"GiB", std::uint64_t{1} << 30},
    {"TiB", std::uint64_t{1} << 40},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
}};

/// Takes the digits in front of `text`. nullopt: there are none, or they are too large a number.
template <class Number>
std::optional<Number> take_number(std::string_view& text) noexcept {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;  // from_chars takes a minus
  Number value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// Takes what stands before the next digit.
std::string_view take_unit(std::string_view& text) noexcept {
  const auto unit = text.substr(0, text.find_first_of("0123456789"));
  text.remove_prefix(unit.size());
  return unit;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
  if (text == "0") return std::chrono::nanoseconds(0);
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // each unit once, from large to small: "1m1h" is more likely a slip than a sum
  do {
    const auto number = take_number<std::int64_t>(text);
    if (!number) return std::nullopt;
    const auto name = take_unit(text);
    while (next_unit < kDurationUnits.size() && kDurationUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kDurationUnits.size()) return std::nullopt;
    const auto factor = kDurationUnits[next_unit++].factor;
    if (*number > (std::numeric_limits<std::int64_t>::max() - total) / factor) return std::nullopt;
    total += *number * factor;
  } while (!text.empty());
  return std::chrono::nanoseconds(total);
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  const auto number = take_number<std::uint64_t>(text);
  if (!number) return std::nullopt;
  for (const auto& unit : kSizeUnits) {
    if (unit.name != text) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace lshost::config
