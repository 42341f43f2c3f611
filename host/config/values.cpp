#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/source_text.hpp"

namespace lshost::config {
namespace {

// Sums with the nanoseconds of the wall clock must not overflow.
constexpr std::chrono::nanoseconds kDurationMax = std::chrono::hours(24 * 365 * 100);
constexpr std::uint64_t kSizeMax = std::uint64_t{1} << 60;

constexpr std::string_view kDurationForm = R"(a duration such as "1s" or "24h")";
constexpr std::string_view kSizeForm = R"(a size such as "64MiB" or "4GiB")";

/// Reports once that `node` is not what was expected.
std::nullopt_t refuse(std::string_view key, const Node& node, std::string_view expected, Mistakes& mistakes) {
  if (!node.is_broken)
    mistakes.push_back({node.location, fmt::format("{}: expected {}, found {}", key, expected, describe(node))});
  return std::nullopt;
}

template <class T>
const T* get(const Node& node) {
  return node.is_broken ? nullptr : std::get_if<T>(&node.data);
}

/// The text with each number made 1: good if the form is good, whatever the amounts.
std::string with_ones(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit || out.empty() || out.back() != '1') out += is_digit ? '1' : c;
  }
  return out;
}

struct Description {
  const Node& node;

  std::string operator()(const std::string& text) const {
    if (node.is_private) return "a string that is not shown here";
    if (text.empty()) return "an empty string";
    const auto line = text.substr(0, text.find('\n'));
    return fmt::format("\"{}{}\"", clean(line), line.size() < text.size() ? "..." : "");
  }
  std::string operator()(std::int64_t number) const {
    return node.is_private ? "an integer" : fmt::format("integer {}", number);
  }
  std::string operator()(double number) const { return node.is_private ? "a real" : fmt::format("real {}", number); }
  std::string operator()(bool flag) const { return node.is_private ? "a boolean" : fmt::format("boolean {}", flag); }
  std::string operator()(const Date&) const { return "a date or time; hint: put it in quotes."; }
  std::string operator()(const std::vector<Node>&) const { return "an array"; }
  std::string operator()(const Table&) const { return "a table"; }
};

std::string join_choices(const std::vector<std::string>& choices) {
  std::string out;
  for (std::size_t i = 0; i < choices.size(); ++i)
    out += fmt::format("{}\"{}\"", i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ", choices[i]);
  return out;
}

}  // namespace

std::string describe(const Node& node) { return std::visit(Description{node}, node.data); }

std::optional<std::string> as_text(std::string_view key, const Node& node, Mistakes& mistakes) {
  const auto* text = get<std::string>(node);
  if (text == nullptr) return refuse(key, node, "a string", mistakes);
  return *text;
}

std::optional<bool> as_flag(std::string_view key, const Node& node, Mistakes& mistakes) {
  const auto* flag = get<bool>(node);
  if (flag == nullptr) return refuse(key, node, "true or false (without quotes)", mistakes);
  return *flag;
}

std::optional<std::int64_t> as_integer(std::string_view key, const Node& node, std::int64_t min, std::int64_t max,
                                       Mistakes& mistakes) {
  const auto* number = get<std::int64_t>(node);
  if (number == nullptr) return refuse(key, node, "an integer such as 1000 (without quotes)", mistakes);
  if (*number < min || *number > max) return refuse(key, node, fmt::format("{} to {}", min, max), mistakes);
  return *number;
}

std::optional<double> as_real(std::string_view key, const Node& node, Mistakes& mistakes) {
  if (const auto* number = get<std::int64_t>(node)) return static_cast<double>(*number);
  const auto* number = get<double>(node);
  if (number == nullptr || !std::isfinite(*number))
    return refuse(key, node, "a number such as 0.5 (without quotes)", mistakes);
  return *number;
}

std::optional<std::uint64_t> as_size(std::string_view key, const Node& node, std::uint64_t min, Mistakes& mistakes) {
  const auto* text = get<std::string>(node);
  const auto* number = get<std::int64_t>(node);  // bytes, as in "1024"
  auto bytes = text == nullptr ? std::nullopt : parse_size(*text);
  if (!bytes && text != nullptr && parse_size(with_ones(*text))) bytes = kSizeMax + 1;  // an amount beyond all ranges
  if (number != nullptr && *number >= 0) bytes = static_cast<std::uint64_t>(*number);
  if (!bytes) return refuse(key, node, kSizeForm, mistakes);
  if (*bytes < min) return refuse(key, node, fmt::format("at least \"{}\"", size_to_text(min)), mistakes);
  if (*bytes > kSizeMax) return refuse(key, node, fmt::format("at most \"{}\"", size_to_text(kSizeMax)), mistakes);
  return bytes;
}

std::optional<std::chrono::nanoseconds> as_duration(std::string_view key, const Node& node, DurationRange range,
                                                    Mistakes& mistakes) {
  const auto* text = get<std::string>(node);
  auto duration = text == nullptr ? std::nullopt : parse_duration(*text);
  if (!duration && text != nullptr && parse_duration(with_ones(*text))) duration = std::chrono::nanoseconds::max();
  if (!duration) return refuse(key, node, kDurationForm, mistakes);
  const bool is_good_zero = *duration == std::chrono::nanoseconds(0) && range.zero_is_allowed;
  if (*duration < range.min && !is_good_zero) {
    const auto zero = range.zero_is_allowed ? "\"0\" or " : "";
    return refuse(key, node, fmt::format("{}at least \"{}\"", zero, to_text(range.min)), mistakes);
  }
  if (*duration > kDurationMax)
    return refuse(key, node, fmt::format("at most \"{}\"", to_text(kDurationMax)), mistakes);
  return duration;
}

std::optional<std::size_t> as_choice(std::string_view key, const Node& node, const std::vector<std::string>& choices,
                                     Mistakes& mistakes) {
  const auto* text = get<std::string>(node);
  const auto found = text == nullptr ? choices.end() : std::ranges::find(choices, *text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  (void)refuse(key, node, join_choices(choices), mistakes);
  if (text == nullptr || node.is_private) return std::nullopt;
  if (const auto meant = nearest(*text, choices))
    mistakes.back().message += fmt::format("; did you mean \"{}\"?", *meant);
  return std::nullopt;
}

std::string to_text(std::chrono::nanoseconds duration) {
  using Unit = std::pair<std::int64_t, const char*>;
  const auto count = duration.count();
  for (const auto& [factor, name] : {Unit{86'400'000'000'000, "d"}, Unit{3'600'000'000'000, "h"},
                                     Unit{60'000'000'000, "m"}, Unit{1'000'000'000, "s"}, Unit{1'000'000, "ms"}}) {
    if (count != 0 && count % factor == 0) return fmt::format("{}{}", count / factor, name);
  }
  return count == 0 ? "0" : fmt::format("{}ns", count);
}

std::string size_to_text(std::uint64_t bytes) {
  using Unit = std::pair<unsigned, const char*>;
  for (const auto& [shift, name] : {Unit{40, "TiB"}, Unit{30, "GiB"}, Unit{20, "MiB"}, Unit{10, "KiB"}}) {
    const bool leaves_no_rest = bytes != 0 && (bytes >> shift) << shift == bytes;
    if (leaves_no_rest) return fmt::format("{}{}", bytes >> shift, name);
  }
  return fmt::format("{}B", bytes);
}

}  // namespace lshost::config
