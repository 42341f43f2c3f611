#include "replica/restore_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "replica/time_text.hpp"

namespace lshost::replica {
namespace {

using db::IndexOffset;
using db::Position;

Position at(const GenerationEntry& generation, IndexOffset place) {
  return {generation.name, place.index, place.offset};
}
std::string text(const GenerationEntry& generation, IndexOffset place) { return db::to_string(at(generation, place)); }
std::string option_text(IndexOffset place) { return fmt::format("{:08x}:{:016x}", place.index, place.offset); }

Refusal nothing(std::string reason, std::string hint = "") { return {true, std::move(reason), std::move(hint), {}}; }
Refusal refused(std::string reason, std::string hint = "") { return {false, std::move(reason), std::move(hint), {}}; }

/// Newest snapshot at or before a place; nullptr: none.
const Item* snapshot_before(const GenerationEntry& generation, IndexOffset place) {
  const Item* found = nullptr;
  for (const Item& snapshot : generation.snapshots) {
    if (place_of(snapshot.position) <= place) found = &snapshot;
  }
  return found;
}

/// Newest snapshot of a known time at or before `ns`; nullptr: none.
const Item* snapshot_before(const GenerationEntry& generation, UnixNanos ns) {
  const Item* found = nullptr;
  for (const Item& snapshot : generation.snapshots) {
    if (snapshot.created_ns != 0 && snapshot.created_ns <= ns) found = &snapshot;
  }
  return found;
}

Refusal refuse_gap(const GenerationEntry& generation, IndexOffset missing, IndexOffset restorable) {
  Refusal refusal;
  refusal.missing = at(generation, missing);
  refusal.reason = fmt::format("wal from {} is missing", db::to_string(refusal.missing));
  refusal.hint = fmt::format("The replica can be restored up to {} with --generation {} --position {}.",
                             text(generation, restorable), generation.name, option_text(restorable));
  return refusal;
}

/// The plan for a target. REQUIRES: the WAL from the snapshot's index to `target` is there without a gap.
RestorePlan make_plan(const GenerationEntry& generation, const Item& snapshot, IndexOffset target) {
  RestorePlan plan;
  plan.snapshot = snapshot;
  plan.target = at(generation, target);
  if (target == place_of(snapshot.position)) return plan;
  for (std::uint64_t index = snapshot.position.index; IndexOffset{index, 0} < target; ++index) {
    const IndexEntry& entry = *generation.find_index(index);
    IndexStep step{index, {}, index == target.index ? target.offset : entry.end_offset};
    std::uint64_t taken_bytes = 0;
    for (WalPiece piece : entry.pieces) {
      if (taken_bytes == step.size_bytes) break;
      piece.size_bytes = std::min(piece.size_bytes, step.size_bytes - taken_bytes);
      taken_bytes += piece.size_bytes;
      step.pieces.push_back(std::move(piece));
    }
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

/// By when the last transaction of the plan was committed, as well as the destination knows.
UnixNanos committed_by(const RestorePlan& plan, const CommitTimesOf& commit_times) {
  if (plan.steps.empty()) return plan.snapshot.created_ns;
  const IndexStep& step = plan.steps.back();
  const Item& item = step.pieces.back().item;
  if (end_of(item) == step.size_bytes && item.updated_ns != 0) return item.updated_ns;
  for (const CommitTime& time : commit_times(item)) {
    if (time.end_offset >= step.size_bytes) return time.commit_ns;
  }
  return 0;
}

// latest
// ---------------------------------------------------------------------------------------------------------------

PlanResult plan_latest(const GenerationEntry& generation) {
  if (generation.snapshots.empty()) {
    return refused(
        fmt::format("generation {} has WAL but no snapshot", generation.name),
        "The snapshot may still be on its way; name an older generation with --generation to get its state.");
  }
  const Item& snapshot = generation.snapshots.back();
  const Reach reach = reach_from(generation, snapshot);
  if (reach.missing) return refuse_gap(generation, *reach.missing, reach.end);
  return make_plan(generation, snapshot, reach.end);
}

/// The generation with the newest data, or why it can not be told.
std::variant<const GenerationEntry*, Refusal> newest_generation(const Catalog& catalog) {
  const GenerationEntry* newest = nullptr;
  std::size_t unknown = 0;
  std::size_t count = 0;
  for (const GenerationEntry& generation : catalog.generations) {
    if (generation.is_empty()) continue;
    ++count;
    if (generation.last_ns == 0) ++unknown;
    newest = &generation;  // the catalog is in the order of last_ns
  }
  if (newest == nullptr) return nothing("the replica holds no data yet");
  if (count > 1 && unknown > 0) {
    return refused(fmt::format("the replica holds {} generations and does not know the age of all", count),
                   "Name one with --generation; `lshost generations` lists them.");
  }
  return newest;
}

// position
// -------------------------------------------------------------------------------------------------------------

PlanResult plan_position(const GenerationEntry& generation, IndexOffset target) {
  const Item* snapshot = snapshot_before(generation, target);
  if (snapshot == nullptr) {
    if (generation.snapshots.empty()) return refused(fmt::format("generation {} has no snapshot", generation.name));
    return refused(fmt::format("position {} is before the first snapshot, which is of {}", text(generation, target),
                               text(generation, place_of(generation.snapshots.front().position))));
  }
  const Reach reach = reach_from(generation, *snapshot);
  // The start of an index is the same state as the end of the one before, if that one is known to be at its end.
  const IndexEntry* before = target.index > 0 ? generation.find_index(target.index - 1) : nullptr;
  const bool is_next_start = target.offset == 0 && before != nullptr && before->is_complete &&
                             reach.end >= IndexOffset{before->index, before->end_offset};
  const IndexEntry* entry = generation.find_index(target.index);
  const bool is_inside = entry != nullptr && target.offset <= entry->end_offset;
  if (target == place_of(snapshot->position) || is_next_start || (target <= reach.end && is_inside)) {
    return make_plan(generation, *snapshot, target);
  }
  if (target <= reach.end) {
    return refused(fmt::format("position {} does not exist: its index ends at {}", text(generation, target),
                               text(generation, {target.index, entry == nullptr ? 0 : entry->end_offset})));
  }
  if (reach.missing && *reach.missing <= target) {
    // What a later snapshot covers was not chosen because the target is before it: the target lies in the gap.
    return refuse_gap(generation, *reach.missing, reach.end);
  }
  return refused(fmt::format("position {} is after the end of what the replica holds, which is {}",
                             text(generation, target), text(generation, reach.end)));
}

// time
// -----------------------------------------------------------------------------------------------------------------

/// How far the WAL was committed by a time.
struct TimedEnd {
  IndexOffset end;
  bool is_past_target = false;  ///< the next byte exists and was committed after the time
  bool is_coarse = false;       ///< part of an item was left out because the destination knows no times inside it
};

/// Moves `end` over the transactions of one piece that were committed by `ns`.
std::optional<Refusal> walk_piece(const GenerationEntry& generation, const WalPiece& piece, UnixNanos ns,
                                  const CommitTimesOf& commit_times, TimedEnd& walk) {
  const Item& item = piece.item;
  const IndexOffset item_end{item.position.index, end_of(item)};
  if (item_end <= walk.end) return std::nullopt;  // the snapshot covers it
  if (item.updated_ns != 0 && item.updated_ns <= ns) {
    walk.end = item_end;
    return std::nullopt;
  }
  const bool is_all_later = item.created_ns != 0 && item.created_ns > ns;
  const auto times = is_all_later ? std::vector<CommitTime>{} : commit_times(item);
  for (const CommitTime& time : times) {
    if (time.commit_ns > ns) break;
    walk.end = std::max(walk.end, {item.position.index, std::min(time.end_offset, item_end.offset)});
  }
  if (!is_all_later && times.empty()) {
    if (item.created_ns == 0 && item.updated_ns == 0) {
      return refused(
          fmt::format("the replica has no commit times for the wal from {}", text(generation, place_of(item.position))),
          "Use --position instead of --timestamp.");
    }
    walk.is_coarse = true;
  }
  walk.is_past_target = walk.end < item_end;
  return std::nullopt;
}

std::variant<TimedEnd, Refusal> walk_to_time(const GenerationEntry& generation, const Item& snapshot, UnixNanos ns,
                                             const CommitTimesOf& commit_times) {
  TimedEnd walk{place_of(snapshot.position)};
  const IndexOffset last = generation.end();
  for (std::uint64_t index = walk.end.index; walk.end < last; ++index) {
    const IndexEntry* entry = generation.find_index(index);
    if (entry != nullptr) {
      for (const WalPiece& piece : entry->pieces) {
        if (auto refusal = walk_piece(generation, piece, ns, commit_times, walk)) return *refusal;
        if (walk.is_past_target) return walk;
      }
    }
    if (walk.end >= last) break;
    if (entry == nullptr || !entry->is_complete) {
      return refuse_gap(generation, {index, entry == nullptr ? 0 : entry->end_offset}, walk.end);
    }
  }
  return walk;
}

PlanResult plan_time_in(const GenerationEntry& generation, UnixNanos ns, const CommitTimesOf& commit_times) {
  const Item* snapshot = snapshot_before(generation, ns);
  if (snapshot == nullptr) {
    if (generation.snapshots.empty()) return refused(fmt::format("generation {} has no snapshot", generation.name));
    if (generation.snapshots.front().created_ns == 0) {
      return refused("the replica does not know the times of its snapshots", "Use --position instead of --timestamp.");
    }
    return nothing(fmt::format("the history of generation {} begins at {}, after {}", generation.name,
                               time_text(generation.snapshots.front().created_ns), time_text(ns)));
  }
  auto walked = walk_to_time(generation, *snapshot, ns, commit_times);
  if (auto* refusal = std::get_if<Refusal>(&walked)) return *refusal;
  const auto& walk = std::get<TimedEnd>(walked);
  RestorePlan plan = make_plan(generation, *snapshot, walk.end);
  if (!walk.is_past_target) {
    plan.note = fmt::format("{} is after the last transaction of generation {}: this is its latest state",
                            time_text(ns), generation.name);
  } else if (walk.is_coarse) {
    plan.note = fmt::format(
        "the replica knows times per segment only: transactions committed shortly before {} may not "
        "be included",
        time_text(ns));
  }
  return plan;
}

/// The first snapshot's time; 0: there is none, or its time is not known.
UnixNanos begins_at(const GenerationEntry& generation) {
  return generation.snapshots.empty() ? 0 : generation.snapshots.front().created_ns;
}

bool has_wal_of_before(const GenerationEntry& generation, UnixNanos ns) {
  return std::any_of(generation.indexes.begin(), generation.indexes.end(), [&](const IndexEntry& index) {
    return std::any_of(index.items.begin(), index.items.end(),
                       [&](const Item& item) { return item.created_ns != 0 && item.created_ns <= ns; });
  });
}

PlanResult plan_time(const Catalog& catalog, UnixNanos ns, const CommitTimesOf& commit_times) {
  const GenerationEntry* chosen = nullptr;
  const GenerationEntry* earliest = nullptr;
  for (const GenerationEntry& generation : catalog.generations) {
    const UnixNanos begin = begins_at(generation);
    if (begin == 0) continue;
    if (begin <= ns && (chosen == nullptr || begin > begins_at(*chosen))) chosen = &generation;
    if (earliest == nullptr || begin < begins_at(*earliest)) earliest = &generation;
  }
  for (const GenerationEntry& generation : catalog.generations) {
    if (generation.is_empty() || &generation == chosen) continue;
    if (generation.last_ns == 0) {
      return refused(fmt::format("the replica does not know the age of generation {}", generation.name),
                     "Name a generation with --generation; `lshost generations` lists them.");
    }
    if (chosen == nullptr || generation.last_ns <= chosen->last_ns) continue;
    const UnixNanos begin = begins_at(generation);
    if ((begin == 0 || begin > ns) && has_wal_of_before(generation, ns)) {
      return refused(fmt::format("generation {} holds transactions of before {}, but its first snapshot is {}",
                                 generation.name, time_text(ns), begin == 0 ? "not there" : "of " + time_text(begin)),
                     fmt::format("Use --generation {} to get the last state before it.", chosen->name));
    }
  }
  if (chosen != nullptr) return plan_time_in(*chosen, ns, commit_times);
  if (earliest == nullptr) return nothing("the replica holds no snapshot yet");
  return nothing(fmt::format("the oldest state that the replica holds is of {}, after {}",
                             time_text(begins_at(*earliest)), time_text(ns)));
}

// ----------------------------------------------------------------------------------------------------------------------

PlanResult plan_any(const Catalog& catalog, const RestoreRequest& request, const CommitTimesOf& commit_times) {
  const auto* time = std::get_if<TimeTarget>(&request.target);
  const GenerationEntry* generation = nullptr;
  if (request.generation) {
    generation = catalog.find(*request.generation);
    if (generation == nullptr || generation->is_empty()) {
      return nothing(fmt::format("the replica holds no generation {}", *request.generation),
                     "`lshost generations` lists what it holds.");
    }
  } else {
    const auto newest = newest_generation(catalog);
    if (const auto* refusal = std::get_if<Refusal>(&newest)) {
      if (time == nullptr || refusal->nothing_to_restore) return *refusal;
    } else {
      generation = std::get<const GenerationEntry*>(newest);
    }
    if (time != nullptr) return plan_time(catalog, time->ns, commit_times);
  }
  if (time != nullptr) return plan_time_in(*generation, time->ns, commit_times);
  if (const auto* position = std::get_if<PositionTarget>(&request.target)) {
    return plan_position(*generation, position->at);
  }
  return plan_latest(*generation);
}

}  // namespace

std::uint64_t RestorePlan::wal_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const IndexStep& step : steps) bytes += step.size_bytes;
  return bytes;
}

PlanResult plan_restore(const Catalog& catalog, const RestoreRequest& request, const CommitTimesOf& commit_times) {
  PlanResult result = plan_any(catalog, request, commit_times);
  if (auto* plan = std::get_if<RestorePlan>(&result)) plan->as_of_ns = committed_by(*plan, commit_times);
  return result;
}

}  // namespace lshost::replica
