#include "replica/retention.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "replica/catalog_reader.hpp"

namespace lshost::replica {
namespace {

/// The newest snapshot not after the window's begin; nullptr: none.
const Item* find_base(const GenerationEntry& generation, UnixNanos window_begin) {
  const Item* base = nullptr;
  for (const Item& snapshot : generation.snapshots) {
    if (snapshot.created_ns != 0 && snapshot.created_ns <= window_begin) base = &snapshot;
  }
  return base;
}

bool can_take_over(const GenerationEntry& generation, UnixNanos window_begin) {
  return find_base(generation, window_begin) != nullptr &&
         !reach_from(generation, generation.snapshots.back()).missing.has_value();
}

/// Appends what lies before `keep_from` (nullptr: everything) in the order of removal.
void remove_before(const GenerationEntry& generation, const Item* keep_from, std::vector<Item>& out) {
  for (const Item& snapshot : generation.snapshots) {
    if (keep_from == nullptr || place_of(snapshot.position) < place_of(keep_from->position)) out.push_back(snapshot);
  }
  for (const IndexEntry& index : generation.indexes) {
    if (keep_from != nullptr && index.index >= keep_from->position.index) break;
    out.insert(out.end(), index.items.begin(), index.items.end());
  }
}

Item whole_generation(const GenerationEntry& generation) {
  Item item;
  item.kind = ItemKind::generation;
  item.position.generation = generation.name;
  item.updated_ns = generation.last_ns;
  return item;
}

}  // namespace

std::vector<Item> plan_retention(const Catalog& catalog, const RetentionPolicy& policy, UnixNanos now) {
  std::vector<Item> out;
  if (policy.retention <= std::chrono::nanoseconds(0) || policy.retention.count() >= now) return out;
  const UnixNanos window_begin = now - policy.retention.count();
  const auto& generations = catalog.generations;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    const GenerationEntry& generation = generations[i];
    const bool is_out_of_window = generation.last_ns != 0 && generation.last_ns < window_begin;
    const bool is_followed = std::any_of(
        generations.begin() + static_cast<std::ptrdiff_t>(i) + 1, generations.end(), [&](const GenerationEntry& newer) {
          return newer.last_ns > generation.last_ns && can_take_over(newer, window_begin);
        });
    if (is_out_of_window && is_followed) {
      remove_before(generation, nullptr, out);
      out.push_back(whole_generation(generation));
    } else if (const Item* base = find_base(generation, window_begin)) {
      remove_before(generation, base, out);
    }
  }
  return out;
}

RetentionResult enforce_retention(Replicator& replicator, const RetentionPolicy& policy, UnixNanos now) {
  RetentionResult result;
  result.removed = plan_retention(read_catalog(replicator), policy, now);
  if (result.removed.empty()) return result;
  if (!replicator.can_remove()) {
    throw Error(ErrorCode::unsupported, "a replicator of type " + replicator.type() + " can not remove anything");
  }
  replicator.remove(result.removed);
  for (const Item& item : result.removed) result.removed_bytes += item.size_bytes;
  return result;
}

}  // namespace lshost::replica
