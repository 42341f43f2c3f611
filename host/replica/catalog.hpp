#pragma once
// What a replica holds, put in order: generations, their snapshots, and how far their WAL goes without a gap.
//
// Pure. Items come in as a destination lists them, in any order, perhaps twice, perhaps overlapping. Nothing here reads
// a destination (catalog_reader.hpp does) or decides what to restore (restore_plan.hpp does).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/position.hpp"
#include "replica/replicator.hpp"

namespace lshost::replica {

/// Bytes [skip_bytes, skip_bytes + size_bytes) of a WAL item; skip_bytes is not 0 only where items overlap.
struct WalPiece {
  Item item;
  std::uint64_t skip_bytes = 0;
  std::uint64_t size_bytes = 0;
  bool operator==(const WalPiece&) const = default;
};

/// One index of a generation.
struct IndexEntry {
  std::uint64_t index = 0;
  std::vector<WalPiece> pieces;  ///< contiguous from offset 0; empty if the first bytes are missing
  std::uint64_t end_offset = 0;  ///< of the pieces: the first byte that is not there
  bool is_complete = false;      ///< the pieces are the whole index
  bool has_stranded = false;     ///< there are more bytes behind end_offset, but not the ones that come next
  std::vector<Item> items;       ///< everything listed for this index
};

/// One generation. Times are 0 where the destination knows none.
struct GenerationEntry {
  std::string name;
  std::vector<Item> snapshots;      ///< by position
  std::vector<IndexEntry> indexes;  ///< by index; may have holes
  UnixNanos first_ns = 0;           ///< of the earliest thing in it
  UnixNanos last_ns = 0;            ///< of the latest thing in it

  [[nodiscard]] bool is_empty() const noexcept { return snapshots.empty() && indexes.empty(); }
  /// nullptr: nothing is listed for that index.
  [[nodiscard]] const IndexEntry* find_index(std::uint64_t index) const noexcept;
  /// Behind the last thing in it, gaps or not. REQUIRES: not empty.
  [[nodiscard]] db::IndexOffset end() const noexcept;
};

struct Catalog {
  std::vector<GenerationEntry> generations;  ///< by last_ns, unknown first; then by name

  [[nodiscard]] const GenerationEntry* find(const std::string& generation) const noexcept;
};

/// Puts the items of one generation in order. Items of another generation, empty WAL items and exact repetitions are
/// left out.
[[nodiscard]] GenerationEntry make_generation(const Item& generation, std::vector<Item> snapshots,
                                              std::vector<Item> wal);
[[nodiscard]] Catalog make_catalog(std::vector<GenerationEntry> generations);

/// How far one gets from a snapshot.
struct Reach {
  db::IndexOffset end;                     ///< the end of what can be replayed
  std::optional<db::IndexOffset> missing;  ///< the first byte that is not there although later ones are; none: no gap
};
/// From `snapshot` through the WAL up to the first gap or the end. REQUIRES: `snapshot` is one of the generation's.
[[nodiscard]] Reach reach_from(const GenerationEntry& generation, const Item& snapshot);

[[nodiscard]] inline db::IndexOffset place_of(const db::Position& position) noexcept {
  return {position.index, position.offset};
}
[[nodiscard]] inline std::uint64_t end_of(const Item& wal) noexcept { return wal.position.offset + wal.size_bytes; }

}  // namespace lshost::replica
