#include "db/line_checksum.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <utility>

namespace lshost::db {

namespace {

std::string checksum(std::string_view line) { return fmt::format("{:016x}", XXH3_64bits(line.data(), line.size())); }

}  // namespace

std::string with_checksum(std::string line) {
  const std::string sum = checksum(line);
  return std::move(line) + ' ' + sum + '\n';
}

std::optional<std::string_view> strip_checksum(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  const std::size_t last = text.rfind(' ');
  if (last == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, last);
  return text.substr(last + 1) == checksum(line) ? std::optional(line) : std::nullopt;
}

}  // namespace lshost::db
