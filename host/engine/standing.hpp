#pragma once
// Where a destination stands: which snapshot the WAL there continues, and up to where it goes without a gap.
//
// Names tell the order, not the ends: a segment's name says where it begins. Uploads run in parallel within one index,
// so what a crash leaves may have a hole among the last few segments of the last index, and nowhere else. Those are
// looked at one by one; what lies behind a hole was never reported and counts as unfinished.

#include <optional>
#include <string>
#include <vector>

#include <lshost/cpp/stream.hpp>

#include "engine/inventory.hpp"
#include "engine/object_reader.hpp"

namespace lshost::engine {

/// A snapshot at the destination that can be used.
struct Base {
  Position position;
  std::uint64_t size = 0;  ///< raw bytes
};

struct Standing {
  std::optional<Base> base;             ///< the newest snapshot; none: a new one is needed
  Position next;                        ///< the first byte that is not there; none: nothing to go on from
  bool is_complete = false;             ///< the index of `next` ends there
  std::optional<ObjectInfo> last;       ///< of the segment that ends at `next`; nullopt: none, or Litestream's
  std::vector<std::string> unfinished;  ///< keys behind `next` in its index
  std::vector<std::string> oddities;    ///< a sentence for each thing that can not be used
};

[[nodiscard]] Standing find_standing(const std::string& generation, const GenerationObjects& objects,
                                     ObjectReader& reader);

/// The last segments of one index, looked at.
struct Tail {
  std::vector<const NamedObject*> good;        ///< contiguous, the last ones of the index that are
  std::vector<Facts> facts;                    ///< of `good`
  std::vector<const NamedObject*> unfinished;  ///< behind them
  std::uint64_t end = 0;                       ///< of the last good one; 0: none is
  std::string oddity;                          ///< why something is unfinished
  bool is_damaged = false;                     ///< what comes after the good ones is there, and is not what was stored
};
[[nodiscard]] Tail look_at_tail(const std::map<std::uint64_t, NamedObject>& segments, ObjectReader& reader);

}  // namespace lshost::engine
