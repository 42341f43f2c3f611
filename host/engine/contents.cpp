#include "engine/contents.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "engine/standing.hpp"

namespace lshost::engine {
namespace {

/// A name without what the position does not tell.
ObjectName place_of(ObjectName name) {
  name.compression = Compression::lz4;
  return name;
}

ObjectName place_of(const Item& item) {
  const bool is_wal = item.kind == ItemKind::Wal;
  return {item.position.generation, is_wal ? ObjectKind::wal : ObjectKind::snapshot, item.position.index,
          is_wal ? item.position.offset : 0, Compression::lz4};
}

bool is_generation(const std::string& name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Litestream copies a database while its WAL goes on: the image is good once the WAL that was there meanwhile is
/// replayed, which is certain from the first segment on that was stored after it.
std::int64_t good_from(const NamedObject& snapshot, const GenerationObjects& objects) {
  for (auto index = objects.wals.lower_bound(snapshot.name.index); index != objects.wals.end(); ++index) {
    for (const auto& [offset, segment] : index->second) {
      if (segment.created_ns >= snapshot.created_ns) return segment.created_ns;
    }
  }
  return snapshot.created_ns;
}

/// An object that was not looked at has a time by which all of it was committed, and better ones for who asks.
void note_times(Item& item, const NamedObject& object, const std::optional<ObjectInfo>& info, bool is_looked_at) {
  if (info && !info->commit_runs.empty()) {
    item.created_ns = info->commit_runs.front().commit_ns;
    item.updated_ns = info->commit_runs.back().commit_ns;
    return;
  }
  item.updated_ns = object.created_ns;
  if (is_looked_at) item.created_ns = object.created_ns;  // Litestream's: no times are inside
}

}  // namespace

Contents::Contents(Store& store, const Settings& settings, Reading reading, std::function<void()> check)
    : store_(store), reader_(store, settings, reading, std::move(check)) {}

// ---- listing ----

void Contents::list(ItemKind kind, const std::string& generation, const Restorable::EachItem& each) {
  if (kind == ItemKind::Generation) return list_generations(each);
  if (!is_generation(generation)) return;  // nobody made one of that name
  if (kind == ItemKind::Snapshot) return list_snapshots(generation, each);
  list_wal(generation, each);
}

void Contents::list_generations(const Restorable::EachItem& each) {
  for (const auto& [generation, objects] : take_inventory(store_.list(generations_prefix()))) {
    if (objects.is_empty()) continue;
    Item item;
    item.kind = ItemKind::Generation;
    item.position.generation = generation;
    const auto note = [&](const NamedObject& object) {
      if (object.created_ns == 0) return;
      item.created_ns = item.created_ns == 0 ? object.created_ns : std::min(item.created_ns, object.created_ns);
      item.updated_ns = std::max(item.updated_ns, object.created_ns);
    };
    for (const auto& [index, snapshot] : objects.snapshots) note(snapshot);
    for (const auto& [index, segments] : objects.wals) {
      for (const auto& [offset, segment] : segments) note(segment);
    }
    each(item);
  }
}

GenerationObjects Contents::look(const std::string& generation) {
  GenerationObjects objects = take_inventory(store_.list(generation_prefix(generation)))[generation];
  remember(objects);
  return objects;
}

void Contents::list_snapshots(const std::string& generation, const Restorable::EachItem& each) {
  const GenerationObjects objects = look(generation);
  std::vector<const NamedObject*> all;
  for (const auto& [index, snapshot] : objects.snapshots) all.push_back(&snapshot);
  const auto facts = reader_.look_at_all(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!facts[i].damage.empty()) continue;
    Item item;
    item.kind = ItemKind::Snapshot;
    item.position = {generation, all[i]->name.index, 0};
    if (facts[i].info) {
      item.position.offset = facts[i].info->offset;
      item.size = facts[i].raw_size;
      item.created_ns = facts[i].info->created_ns;
    } else {
      // The header inside says how large the database was after a checkpoint; the copy can be larger.
      const Facts whole = reader_.read_through(*all[i]);
      if (!whole.damage.empty()) continue;
      item.size = whole.raw_size;
      item.created_ns = good_from(*all[i], objects);
    }
    if (item.created_ns == 0) item.created_ns = all[i]->created_ns;
    each(item);
  }
}

void Contents::list_wal(const std::string& generation, const Restorable::EachItem& each) {
  const GenerationObjects objects = look(generation);
  // All that has to be looked at, at once: the last segment of each index.
  std::vector<const NamedObject*> lasts;
  for (const auto& [index, segments] : objects.wals) lasts.push_back(&segments.rbegin()->second);
  const auto facts = reader_.look_into_all(lasts);
  const auto shortened = find_shortened(objects, facts);
  auto last = facts.begin();
  for (const auto& [index, segments] : objects.wals) {
    const bool is_last_index = index == objects.wals.rbegin()->first;
    const bool is_followed = objects.is_followed(index) && !shortened.contains(index);
    list_index(segments, is_last_index ? look_at_tail(segments, reader_) : Tail{}, *last++, is_followed, each);
  }
}

std::set<std::uint64_t> Contents::find_shortened(const GenerationObjects& objects, std::span<const Facts> lasts) {
  struct Join {
    std::uint64_t index;
    std::uint64_t end;  // of what is stored of it
  };
  std::vector<Join> joins;
  std::vector<const NamedObject*> firsts;  // of the indexes behind them
  auto last = lasts.begin();
  for (const auto& [index, segments] : objects.wals) {
    const Facts& facts = *last++;
    // Who says that it is the last one is; Litestream's objects say nothing.
    if (!facts.info || facts.info->index_complete || !objects.is_followed(index)) continue;
    joins.push_back({index, facts.info->end_offset});
    firsts.push_back(&objects.find_wal(index + 1)->at(0));
  }
  std::set<std::uint64_t> shortened;
  const auto facts = reader_.look_into_all(firsts);
  for (std::size_t i = 0; i < joins.size(); ++i) {
    const std::uint64_t said = facts[i].info ? facts[i].info->previous_end : 0;
    if (said != 0 && said != joins[i].end) shortened.insert(joins[i].index);
  }
  return shortened;
}

void Contents::list_index(const std::map<std::uint64_t, NamedObject>& segments, const Tail& tail, const Facts& last,
                          bool is_followed, const Restorable::EachItem& each) {
  std::map<std::uint64_t, const Facts*> known;  // of the tail, by offset
  for (std::size_t i = 0; i < tail.good.size(); ++i) known[tail.good[i]->name.offset] = &tail.facts[i];
  // Behind a hole are uploads that were not finished. What is damaged is listed: it was there once, and a restore has
  // to say what is wrong rather than give an older state.
  const bool is_cut = !tail.unfinished.empty() && !tail.is_damaged;
  const auto end = is_cut ? segments.find(tail.unfinished.front()->name.offset) : segments.end();
  for (auto segment = segments.begin(); segment != end; ++segment) {
    const auto& [offset, object] = *segment;
    const auto next = std::next(segment);
    const bool is_last = next == end;
    // A hole makes another segment the last one; those of the tail are known.
    const bool is_last_stored = next == segments.end();
    const Facts facts = known.contains(offset) ? *known.at(offset) : is_last_stored ? last : Facts{};
    Item item;
    item.kind = ItemKind::Wal;
    item.position = {object.name.generation, object.name.index, offset};
    item.size = facts.raw_size;
    if (item.size == 0) item.size = is_last ? std::max<std::uint64_t>(1, object.size) : next->first - offset;
    note_times(item, object, facts.info, facts.raw_size != 0);
    const bool is_said = facts.info && facts.info->index_complete;
    item.index_complete = is_last && (is_said || is_followed);
    each(item);
  }
}

// ---- finding ----

void Contents::remember(const GenerationObjects& objects) {
  constexpr std::size_t kRememberedMax = 200'000;
  const std::lock_guard hold(mutex_);
  if (known_.size() > kRememberedMax) known_.clear();
  for (const auto& [index, snapshot] : objects.snapshots) known_[place_of(snapshot.name)] = snapshot;
  for (const auto& [index, segments] : objects.wals) {
    for (const auto& [offset, segment] : segments) known_[place_of(segment.name)] = segment;
  }
}

std::optional<NamedObject> Contents::find_known(const Item& item) {
  const std::lock_guard hold(mutex_);
  const auto found = known_.find(place_of(item));
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

NamedObject Contents::find(const Item& item) {
  if (const auto known = find_known(item)) return *known;
  (void)look(item.position.generation);
  if (const auto known = find_known(item)) return *known;
  throw Error(LSHOST_E_NOT_FOUND, key_of(place_of(item)) + " is not there; it was removed after it was listed");
}

std::unique_ptr<Source> Contents::open(const Item& item) {
  if (!is_generation(item.position.generation) || item.kind == ItemKind::Generation) {
    throw Error(LSHOST_E_INVALID, "only a snapshot or the WAL of a listed generation can be opened");
  }
  return reader_.open(find(item));
}

void Contents::commit_times(const Item& item, const Restorable::EachTime& each) {
  if (!is_generation(item.position.generation) || item.kind != ItemKind::Wal) return;
  const Facts facts = reader_.look_at(find(item));
  if (!facts.damage.empty()) throw Error::Corrupt(facts.damage);
  if (!facts.info) return;
  for (const auto& run : facts.info->commit_runs) each(run.end_offset, run.commit_ns);
}

// ---- removing ----

void Contents::remove(std::span<const Item> items) {
  std::vector<std::string> keys;
  std::set<std::string> looked;  // generations; a missing item is no error, and no reason to list again
  for (const auto& item : items) {
    const std::string& generation = item.position.generation;
    if (!is_generation(generation)) throw Error(LSHOST_E_INVALID, "'" + generation + "' is no generation");
    if (item.kind == ItemKind::Generation) {
      for (const auto& object : store_.list(generation_prefix(generation))) keys.push_back(object.key);
      continue;
    }
    if (!find_known(item) && looked.insert(generation).second) (void)look(generation);
    if (const auto known = find_known(item)) keys.push_back(known->key);
    if (item.kind == ItemKind::Wal && item.position.offset == 0) {
      keys.push_back(break_key(generation, item.position.index));
    }
  }
  store_.remove(keys);
  const std::lock_guard hold(mutex_);
  for (const auto& item : items) known_.erase(place_of(item));
  for (const auto& key : keys) reader_.forget(key);
}

}  // namespace lshost::engine
