#pragma once
// What a listing of a store says about generations: by names alone. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/format/object_name.hpp"
#include "engine/store.hpp"

namespace lshost::engine {

/// An object of ours or of Litestream's.
struct NamedObject {
  ObjectName name;
  std::string key;         ///< as it was listed
  std::uint64_t size = 0;  ///< stored bytes
  std::int64_t created_ns = 0;
};

/// One generation's objects.
struct GenerationObjects {
  std::map<std::uint64_t, NamedObject> snapshots;                      ///< by index
  std::map<std::uint64_t, std::map<std::uint64_t, NamedObject>> wals;  ///< by index, by offset
  std::set<std::uint64_t> breaks;        ///< indexes behind whose WAL something is missing: see break_key()
  std::vector<std::string> outnumbered;  ///< keys of objects in whose place a newer one lies

  [[nodiscard]] bool is_empty() const noexcept { return snapshots.empty() && wals.empty(); }
  /// nullptr: no WAL of that index.
  [[nodiscard]] const std::map<std::uint64_t, NamedObject>* find_wal(std::uint64_t index) const noexcept;
  /// True: the WAL of `index` has its first byte.
  [[nodiscard]] bool has_begin_of(std::uint64_t index) const noexcept;
  /// True: by the names, the WAL of `index` is there to its end and the next one follows. A writer puts the first
  /// segment of an index only when all before is stored, or says that something is missing.
  [[nodiscard]] bool is_followed(std::uint64_t index) const noexcept;
};

/// By generation. Keys that are not of this layout are left out.
using Inventory = std::map<std::string, GenerationObjects>;
[[nodiscard]] Inventory take_inventory(const std::vector<StoredObject>& listing);

/// The key of an empty object that says: the WAL behind what is stored of `index` is missing, the next index is no
/// continuation. Readers of the layout that do not know it step over it.
[[nodiscard]] std::string break_key(const std::string& generation, std::uint64_t index);

}  // namespace lshost::engine
