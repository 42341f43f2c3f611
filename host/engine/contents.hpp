#pragma once
// What lies in a store, as items of lshost.restore/1.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <lshost/cpp/extensions.hpp>

#include "engine/inventory.hpp"
#include "engine/object_reader.hpp"
#include "engine/standing.hpp"
#include "engine/store.hpp"

namespace lshost::engine {

/// Lists, finds, reads and removes. Where a segment ends is told by the next one; for the last of each index by its
/// info, and for one of Litestream's by reading it. A store that lost the last segments of an index is found out by
/// what the first segment of the next one says.
///
/// Threads: any. Errors: Error. Cost: list() is one listing, and a ranged get for each snapshot, the first and the last
/// segment of each index and the last few of all; what was looked at once is remembered.
class Contents {
 public:
  Contents(Store& store, const Settings& settings, Reading reading, std::function<void()> check);

  void list(ItemKind kind, const std::string& generation, const Restorable::EachItem& each);
  [[nodiscard]] std::unique_ptr<Source> open(const Item& item);
  void commit_times(const Item& item, const Restorable::EachTime& each);
  void remove(std::span<const Item> items);

 private:
  void list_generations(const Restorable::EachItem& each);
  void list_snapshots(const std::string& generation, const Restorable::EachItem& each);
  void list_wal(const std::string& generation, const Restorable::EachItem& each);
  /// `is_followed`: behind the last stored segment, the next index goes on.
  static void list_index(const std::map<std::uint64_t, NamedObject>& segments, const Tail& tail, const Facts& last,
                         bool is_followed, const Restorable::EachItem& each);
  /// Indexes that the next one continues by its name, and not by what it says: their last segments are lost.
  [[nodiscard]] std::set<std::uint64_t> find_shortened(const GenerationObjects& objects, std::span<const Facts> lasts);
  [[nodiscard]] GenerationObjects look(const std::string& generation);
  [[nodiscard]] std::optional<NamedObject> find_known(const Item& item);
  [[nodiscard]] NamedObject find(const Item& item);
  void remember(const GenerationObjects& objects);

  Store& store_;
  ObjectReader reader_;
  std::mutex mutex_;
  std::map<ObjectName, NamedObject> known_;  // guarded by mutex_; by name as for LZ4
};

}  // namespace lshost::engine
