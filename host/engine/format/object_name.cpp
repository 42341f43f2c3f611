#include "engine/format/object_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/hex.hpp"

namespace lshost::engine {
namespace {

constexpr std::string_view kRoot = "generations/";
constexpr std::string_view kSnapshots = "snapshots/";
constexpr std::string_view kWal = "wal/";
constexpr std::size_t kGenerationSize = 16;
constexpr std::size_t kNumberSizeMin = 8;
constexpr std::size_t kNumberSizeMax = 16;

/// Takes `word` from the front of `text`.
bool take(std::string_view& text, std::string_view word) noexcept {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

/// Takes a number, and as many digits as there are.
std::optional<std::uint64_t> take_number(std::string_view& text) noexcept {
  const auto size = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
  if (size < kNumberSizeMin || size > kNumberSizeMax) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text.substr(0, size)) {
    value = value << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  text.remove_prefix(size);
  return value;
}

std::optional<Compression> compression_of(std::string_view suffix) noexcept {
  for (const auto compression : {Compression::lz4, Compression::zstd, Compression::none}) {
    if (suffix == suffix_of(compression)) return compression;
  }
  return std::nullopt;
}

/// "<index>.snapshot.lz4" into `name`.
bool parse_snapshot(std::string_view text, ObjectName& name) noexcept {
  const auto index = take_number(text);
  if (!index || !take(text, ".snapshot")) return false;
  const auto compression = compression_of(text);
  if (!compression) return false;
  name.kind = ObjectKind::snapshot;
  name.index = *index;
  name.compression = *compression;
  return true;
}

/// "<index>_<offset>.wal.lz4" into `name`.
bool parse_wal(std::string_view text, ObjectName& name) noexcept {
  const auto index = take_number(text);
  if (!index || !take(text, "_")) return false;
  const auto offset = take_number(text);
  if (!offset || !take(text, ".wal")) return false;
  const auto compression = compression_of(text);
  if (!compression) return false;
  name.kind = ObjectKind::wal;
  name.index = *index;
  name.offset = *offset;
  name.compression = *compression;
  return true;
}

}  // namespace

std::string_view to_string(ObjectKind kind) noexcept { return kind == ObjectKind::snapshot ? "snapshot" : "wal"; }

std::string key_of(const ObjectName& name) {
  LSHOST_ASSERT(from_hex16(name.generation));
  const auto suffix = suffix_of(name.compression);
  if (name.kind == ObjectKind::wal)
    return fmt::format("{}{:08x}_{:08x}.wal{}", wal_prefix(name.generation), name.index, name.offset, suffix);
  LSHOST_ASSERT(name.offset == 0);
  return fmt::format("{}{:08x}.snapshot{}", snapshots_prefix(name.generation), name.index, suffix);
}

std::optional<ObjectName> parse_key(std::string_view key) {
  const auto generation = generation_of_key(key);
  if (generation.empty()) return std::nullopt;
  ObjectName name;
  auto rest = key.substr(kRoot.size() + kGenerationSize + 1);
  const bool is_ours = take(rest, kSnapshots) ? parse_snapshot(rest, name) : take(rest, kWal) && parse_wal(rest, name);
  if (!is_ours) return std::nullopt;
  name.generation = generation;
  return name;
}

std::string_view generation_of_key(std::string_view key) noexcept {
  if (!take(key, kRoot) || key.size() <= kGenerationSize || key[kGenerationSize] != '/') return {};
  const auto generation = key.substr(0, kGenerationSize);
  return from_hex16(generation) ? generation : std::string_view{};
}

std::string generations_prefix() { return std::string(kRoot); }

std::string generation_prefix(std::string_view generation) { return fmt::format("{}{}/", kRoot, generation); }

std::string snapshots_prefix(std::string_view generation) {
  return generation_prefix(generation) + std::string(kSnapshots);
}

std::string wal_prefix(std::string_view generation) { return generation_prefix(generation) + std::string(kWal); }

}  // namespace lshost::engine
