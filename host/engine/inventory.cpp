#include "engine/inventory.hpp"

#include <cstdio>
#include <limits>
#include <string_view>
#include <utility>

namespace lshost::engine {
namespace {

constexpr std::string_view kBreakSuffix = ".incomplete";

std::string hex8(std::uint64_t number) {
  char text[20];
  (void)std::snprintf(text, sizeof text, "%08llx", static_cast<unsigned long long>(number));
  return text;
}

struct Break {
  std::string generation;
  std::uint64_t index;
};

std::optional<Break> parse_break(const std::string& key) {
  if (!key.ends_with(kBreakSuffix)) return std::nullopt;
  const std::string generation(generation_of_key(key));
  const std::string prefix = wal_prefix(generation);
  if (generation.empty() || !key.starts_with(prefix)) return std::nullopt;
  const std::string digits = key.substr(prefix.size(), key.size() - prefix.size() - kBreakSuffix.size());
  if (digits.size() < 8 || digits.size() > 16) return std::nullopt;
  std::uint64_t index = 0;
  for (const char digit : digits) {
    const auto value = std::string_view("0123456789abcdef").find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    index = index * 16 + value;
  }
  return Break{generation, index};
}

/// Two objects in one place differ in how they are compressed, or in how many digits their keys have. The newer counts.
void add(std::map<std::uint64_t, NamedObject>& objects, std::uint64_t place, NamedObject object,
         std::vector<std::string>& outnumbered) {
  const auto [found, is_new] = objects.try_emplace(place, object);
  if (is_new) return;
  if (found->second.created_ns < object.created_ns) std::swap(found->second, object);
  outnumbered.push_back(object.key);
}

}  // namespace

const std::map<std::uint64_t, NamedObject>* GenerationObjects::find_wal(std::uint64_t index) const noexcept {
  const auto found = wals.find(index);
  return found == wals.end() ? nullptr : &found->second;
}

bool GenerationObjects::has_begin_of(std::uint64_t index) const noexcept {
  const auto* segments = find_wal(index);
  return segments != nullptr && segments->contains(0);
}

bool GenerationObjects::is_followed(std::uint64_t index) const noexcept {
  const bool has_next = index != std::numeric_limits<std::uint64_t>::max() && has_begin_of(index + 1);
  return has_next && !breaks.contains(index);
}

Inventory take_inventory(const std::vector<StoredObject>& listing) {
  Inventory all;
  for (const auto& object : listing) {
    if (const auto found = parse_break(object.key)) all[found->generation].breaks.insert(found->index);
    const auto name = parse_key(object.key);
    if (!name) continue;
    GenerationObjects& generation = all[name->generation];
    NamedObject named{*name, object.key, object.size, object.created_ns};
    if (name->kind == ObjectKind::snapshot) {
      add(generation.snapshots, name->index, std::move(named), generation.outnumbered);
    } else {
      add(generation.wals[name->index], name->offset, std::move(named), generation.outnumbered);
    }
  }
  return all;
}

std::string break_key(const std::string& generation, std::uint64_t index) {
  return wal_prefix(generation) + hex8(index) + std::string(kBreakSuffix);
}

}  // namespace lshost::engine
