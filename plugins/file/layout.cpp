#include "layout.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lshost::file {
namespace {

constexpr std::string_view kUnfinished = ".tmp";
constexpr std::array kKinds = {Kind::snapshot, Kind::info, Kind::wal, Kind::commits};

constexpr std::string_view suffix(Kind kind) noexcept {
  switch (kind) {
    case Kind::snapshot:
      return ".snapshot";
    case Kind::info:
      return ".info";
    case Kind::wal:
      return ".wal";
    case Kind::commits:
      return ".commits";
  }
  return {};
}

}  // namespace

std::string hex16(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, value >>= 4) *at = kDigits[value & 15];
  return text;
}

std::optional<std::uint64_t> parse_hex16(std::string_view text) noexcept {
  if (text.size() != 16) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint64_t>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
    value = (value << 4) | digit;
  }
  return value;
}

bool is_generation(std::string_view name) noexcept { return parse_hex16(name).has_value(); }

std::string file_name(Kind kind, std::uint64_t index) { return hex16(index).append(suffix(kind)); }

std::optional<std::uint64_t> parse_file_name(Kind kind, std::string_view name) noexcept {
  if (!name.ends_with(suffix(kind))) return std::nullopt;
  name.remove_suffix(suffix(kind).size());
  return parse_hex16(name);
}

bool is_unfinished(std::string_view name) noexcept {
  if (!name.ends_with(kUnfinished)) return false;
  name.remove_suffix(kUnfinished.size());
  return std::any_of(kKinds.begin(), kKinds.end(),
                     [name](Kind kind) { return parse_file_name(kind, name).has_value(); });
}

Layout::Layout(std::string root) : root_(std::move(root)) {
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  if (root_ == "/") root_.clear();
}

std::string Layout::generation(std::string_view generation) const {
  return generations().append("/").append(generation);
}

std::string Layout::snapshots(std::string_view generation) const { return this->generation(generation) + "/snapshots"; }

std::string Layout::wals(std::string_view generation) const { return this->generation(generation) + "/wal"; }

std::string Layout::folder(Kind kind, std::string_view generation) const {
  return kind == Kind::snapshot || kind == Kind::info ? snapshots(generation) : wals(generation);
}

std::string Layout::file(Kind kind, std::string_view generation, std::uint64_t index) const {
  return folder(kind, generation) + "/" + file_name(kind, index);
}

}  // namespace lshost::file
