#include "engine/standing.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/settings.hpp"

namespace lshost::engine {
namespace {

/// A hole has at most this many segments behind it, less one.
constexpr std::size_t kWindow = kParallelUploadsMax + 1;

std::optional<Base> find_base(const std::string& generation, const GenerationObjects& objects, ObjectReader& reader,
                              std::vector<std::string>& oddities) {
  for (auto snapshot = objects.snapshots.rbegin(); snapshot != objects.snapshots.rend(); ++snapshot) {
    const Facts facts = reader.look_at(snapshot->second);
    if (facts.info) return Base{{generation, facts.info->index, facts.info->offset}, facts.raw_size};
    oddities.push_back(facts.damage.empty() ? snapshot->second.key + " was not written by lshost" : facts.damage);
  }
  return std::nullopt;
}

/// The end of a segment as far as it can be told; nullopt: it is damaged.
std::optional<std::uint64_t> end_of(const NamedObject& segment, Facts& facts, ObjectReader& reader) {
  if (!facts.info && facts.damage.empty()) facts = reader.read_through(segment);  // of Litestream's
  if (!facts.damage.empty()) return std::nullopt;
  return segment.name.offset + facts.raw_size;
}

/// Why the WAL does not lead from `from` to `to`; "" if it does.
std::string gap(const GenerationObjects& objects, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t index = from; index < to; ++index) {
    if (!objects.has_begin_of(index)) return "the WAL of index " + std::to_string(index) + " is not there";
    if (!objects.is_followed(index)) return "the WAL of index " + std::to_string(index) + " has no end";
  }
  return "";
}

}  // namespace

Tail look_at_tail(const std::map<std::uint64_t, NamedObject>& segments, ObjectReader& reader) {
  std::vector<const NamedObject*> all;
  all.reserve(segments.size());
  for (const auto& [offset, segment] : segments) all.push_back(&segment);

  Tail tail;
  std::size_t begin = all.size();
  for (bool has_good = false; !has_good && begin > 0;) {
    begin -= std::min(begin, kWindow);
    const auto window = std::span(all).subspan(begin);
    auto facts = reader.look_at_all(window);
    tail = {};
    for (std::size_t i = 0; i < window.size(); ++i) {
      const bool is_next = tail.good.empty() ? i == 0 : window[i]->name.offset == tail.end;
      // Of an older writer's run of uploads, a segment may lie inside one that was made later.
      const auto end = is_next ? end_of(*window[i], facts[i], reader) : std::nullopt;
      if (end) {
        tail.good.push_back(window[i]);
        tail.facts.push_back(std::move(facts[i]));
        tail.end = *end;
        continue;
      }
      if (tail.oddity.empty()) {
        tail.is_damaged = !facts[i].damage.empty();
        tail.oddity = !facts[i].damage.empty() ? facts[i].damage
                                               : "there is a hole before " + window[i]->key + ": an upload is missing";
      }
      tail.unfinished.push_back(window[i]);
    }
    has_good = !tail.good.empty();
  }
  if (!tail.good.empty() && begin == 0 && tail.good.front()->name.offset != 0) {
    tail.oddity = tail.good.front()->key + " is not the beginning of its index";
    tail.unfinished = all;
    tail.good.clear();
    tail.facts.clear();
    tail.end = 0;
  }
  return tail;
}

Standing find_standing(const std::string& generation, const GenerationObjects& objects, ObjectReader& reader) {
  Standing standing;
  standing.base = find_base(generation, objects, reader, standing.oddities);
  if (objects.wals.empty()) {
    if (standing.base) standing.next = {generation, standing.base->position.index, 0};
    return standing;
  }
  const auto& [last, segments] = *objects.wals.rbegin();
  const Tail tail = look_at_tail(segments, reader);
  if (!tail.oddity.empty()) standing.oddities.push_back(tail.oddity);
  standing.next = {generation, last, tail.end};
  if (!tail.facts.empty()) standing.last = tail.facts.back().info;
  standing.is_complete = standing.last && standing.last->index_complete;
  for (const auto* segment : tail.unfinished) standing.unfinished.push_back(segment->key);
  if (standing.base && standing.base->position.index <= last) {
    if (const auto why = gap(objects, standing.base->position.index, last); !why.empty()) {
      standing.oddities.push_back("the replica has a gap, a new snapshot is needed: " + why);
      standing.base.reset();
    }
  }
  return standing;
}

}  // namespace lshost::engine
