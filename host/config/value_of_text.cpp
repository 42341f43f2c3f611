#include "config/value_of_text.hpp"

#include <charconv>
#include <utility>

namespace lshost::config {

Value value_of_text(KeyType type, std::string text) {
  const auto number = [&](auto value) -> Value {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return {text};
    return {value};
  };
  if (type == KeyType::integer) return number(std::int64_t{});
  if (type == KeyType::real) return number(double{});
  if (type == KeyType::boolean && (text == "true" || text == "false")) return {text == "true"};
  return {std::move(text)};
}

}  // namespace lshost::config
