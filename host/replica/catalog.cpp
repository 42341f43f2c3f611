#include "replica/catalog.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lshost::replica {
namespace {

/// Overlapping bytes are the same bytes, because an index is written once: the item that starts first gives them.
void add_pieces(IndexEntry& entry) {
  for (const Item& item : entry.items) {
    if (item.position.offset > entry.end_offset) {
      entry.has_stranded = true;
      entry.is_complete = false;  // whoever said so did not know of this
      return;
    }
    if (end_of(item) > entry.end_offset) {
      const std::uint64_t skip_bytes = entry.end_offset - item.position.offset;
      entry.pieces.push_back({item, skip_bytes, item.size_bytes - skip_bytes});
      entry.end_offset = end_of(item);
      entry.is_complete = false;
    }
    if (end_of(item) == entry.end_offset && item.index_complete) entry.is_complete = true;
  }
}

std::vector<IndexEntry> make_indexes(std::vector<Item> wal) {
  const auto place = [](const Item& item) {
    return std::tuple(item.position.index, item.position.offset, item.size_bytes);
  };
  std::sort(wal.begin(), wal.end(), [&](const Item& a, const Item& b) { return place(a) < place(b); });
  std::vector<IndexEntry> indexes;
  for (Item& item : wal) {
    if (item.size_bytes == 0) continue;
    if (indexes.empty() || indexes.back().index != item.position.index) {
      indexes.emplace_back().index = item.position.index;
    }
    auto& items = indexes.back().items;
    if (items.empty() || items.back() != item) items.push_back(std::move(item));
  }
  for (IndexEntry& entry : indexes) add_pieces(entry);
  return indexes;
}

/// Widens the known times of a generation by one more; 0 is no time.
void note_time(GenerationEntry& generation, UnixNanos ns) {
  if (ns == 0) return;
  generation.first_ns = generation.first_ns == 0 ? ns : std::min(generation.first_ns, ns);
  generation.last_ns = std::max(generation.last_ns, ns);
}

}  // namespace

const IndexEntry* GenerationEntry::find_index(std::uint64_t index) const noexcept {
  const auto at = std::lower_bound(indexes.begin(), indexes.end(), index,
                                   [](const IndexEntry& entry, std::uint64_t wanted) { return entry.index < wanted; });
  return at != indexes.end() && at->index == index ? &*at : nullptr;
}

db::IndexOffset GenerationEntry::end() const noexcept {
  db::IndexOffset end;
  if (!snapshots.empty()) end = place_of(snapshots.back().position);
  if (indexes.empty()) return end;
  for (const Item& item : indexes.back().items) end = std::max(end, {indexes.back().index, end_of(item)});
  return end;
}

const GenerationEntry* Catalog::find(const std::string& generation) const noexcept {
  const auto at = std::find_if(generations.begin(), generations.end(),
                               [&](const GenerationEntry& entry) { return entry.name == generation; });
  return at != generations.end() ? &*at : nullptr;
}

GenerationEntry make_generation(const Item& generation, std::vector<Item> snapshots, std::vector<Item> wal) {
  GenerationEntry entry;
  entry.name = generation.position.generation;
  const auto is_foreign = [&](const Item& item) {
    return item.position.generation != entry.name || !has_possible_numbers(item);
  };
  std::erase_if(snapshots, is_foreign);
  std::erase_if(wal, is_foreign);
  std::stable_sort(snapshots.begin(), snapshots.end(),
                   [](const Item& a, const Item& b) { return place_of(a.position) < place_of(b.position); });
  snapshots.erase(std::unique(snapshots.begin(), snapshots.end()), snapshots.end());
  entry.snapshots = std::move(snapshots);
  entry.indexes = make_indexes(std::move(wal));

  if (!entry.is_empty()) {
    note_time(entry, generation.created_ns);
    note_time(entry, generation.updated_ns);
  }
  for (const Item& item : entry.snapshots) note_time(entry, item.created_ns);
  for (const IndexEntry& index : entry.indexes) {
    for (const Item& item : index.items) {
      note_time(entry, item.created_ns);
      note_time(entry, item.updated_ns);
    }
  }
  return entry;
}

Catalog make_catalog(std::vector<GenerationEntry> generations) {
  std::sort(generations.begin(), generations.end(), [](const GenerationEntry& a, const GenerationEntry& b) {
    return std::tie(a.last_ns, a.name) < std::tie(b.last_ns, b.name);
  });
  return {std::move(generations)};
}

Reach reach_from(const GenerationEntry& generation, const Item& snapshot) {
  const db::IndexOffset start = place_of(snapshot.position);
  Reach reach{start, std::nullopt};
  const db::IndexOffset last = generation.end();
  for (std::uint64_t index = start.index; reach.end < last; ++index) {
    const IndexEntry* entry = generation.find_index(index);
    const std::uint64_t covered = entry == nullptr ? 0 : entry->end_offset;
    if (covered > 0) reach.end = std::max(reach.end, {index, covered});
    if (reach.end >= last) break;
    if (entry == nullptr || !entry->is_complete) {
      reach.missing = db::IndexOffset{index, covered};
      break;
    }
  }
  return reach;
}

}  // namespace lshost::replica
