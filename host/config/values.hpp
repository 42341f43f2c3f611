#pragma once
// Single values of the file into C++ values: type, form and range, or a mistake that says all three.
//
// Each function returns nullopt if the value is no good; the mistake is then reported, here or before (is_broken).
// `key` is what the message calls the value.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"

namespace lshost::config {

using Mistakes = std::vector<Diagnostic>;

struct DurationRange {
  std::chrono::nanoseconds min{0};
  bool zero_is_allowed = true;
};

/// "integer 5", "a date", "\"abc\"": what a message says was found. Nothing private.
[[nodiscard]] std::string describe(const Node& node);

[[nodiscard]] std::optional<std::string> as_text(std::string_view key, const Node& node, Mistakes& mistakes);
[[nodiscard]] std::optional<bool> as_flag(std::string_view key, const Node& node, Mistakes& mistakes);
[[nodiscard]] std::optional<std::int64_t> as_integer(std::string_view key, const Node& node, std::int64_t min,
                                                     std::int64_t max, Mistakes& mistakes);
/// An integer is a real, too.
[[nodiscard]] std::optional<double> as_real(std::string_view key, const Node& node, Mistakes& mistakes);
[[nodiscard]] std::optional<std::uint64_t> as_size(std::string_view key, const Node& node, std::uint64_t min,
                                                   Mistakes& mistakes);
[[nodiscard]] std::optional<std::chrono::nanoseconds> as_duration(std::string_view key, const Node& node,
                                                                  DurationRange range, Mistakes& mistakes);
/// The place of the text in `choices`.
[[nodiscard]] std::optional<std::size_t> as_choice(std::string_view key, const Node& node,
                                                   const std::vector<std::string>& choices, Mistakes& mistakes);

/// As a person would write it: the largest unit that leaves no rest.
[[nodiscard]] std::string to_text(std::chrono::nanoseconds duration);
[[nodiscard]] std::string size_to_text(std::uint64_t bytes);

}  // namespace lshost::config
