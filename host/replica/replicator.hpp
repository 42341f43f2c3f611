#pragma once
// A destination as the core sees it. Only host/plugin knows that it is a shared object.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_stream.hpp"
#include "base/clock.hpp"
#include "db/position.hpp"

namespace lshost::replica {

enum class ItemKind { generation, snapshot, wal };

/// Something at the destination; the C++ form of lshost_item (lshost/ext/restore.h), same meaning.
struct Item {
  ItemKind kind = ItemKind::generation;
  db::Position position;         ///< snapshot: the image is as of here; wal: the first byte
  std::uint64_t size_bytes = 0;  ///< that open() delivers
  UnixNanos created_ns = 0;      ///< snapshot: of position; wal: commit time of its first run; 0: not known
  UnixNanos updated_ns = 0;      ///< wal: commit time of its last run; generation: of its last thing; 0: not known
  bool index_complete = false;   ///< wal: the index ends with this item, the next index follows without a gap
  bool operator==(const Item&) const = default;
};

/// False for numbers that no file and no history can have. Sums of them, and the number after, are numbers again.
[[nodiscard]] constexpr bool has_possible_numbers(const Item& item) noexcept {
  constexpr auto kMax = static_cast<std::uint64_t>(INT64_MAX);
  const auto& [generation, index, offset] = item.position;
  return index < kMax && offset < kMax && item.size_bytes <= kMax - offset;
}

/// All transactions of an index that end at or before `end_offset` were committed by `commit_ns`.
struct CommitTime {
  std::uint64_t end_offset = 0;
  UnixNanos commit_ns = 0;
  bool operator==(const CommitTime&) const = default;
};

/// One destination of one database: the worker, and reading back what it stored.
///
/// Threads: name, type, snapshotting, list, open, commit_times, remove and probe from any thread; start and stop from
/// one at a time. Errors: Error with the plugin's sentence; {unsupported} where the plugin lacks the extension.
class Replicator {
 public:
  virtual ~Replicator() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::string type() const = 0;
  [[nodiscard]] virtual bool snapshotting() const = 0;
  /// Begins to replicate and returns at once. A run that is going on is stopped first.
  virtual void start() = 0;
  /// Cancels, waits for the worker and joins its threads.
  virtual void stop(std::chrono::milliseconds deadline) = 0;

  [[nodiscard]] virtual bool can_restore() const = 0;
  [[nodiscard]] virtual bool can_remove() const = 0;

  /// Items of one kind in position order. `generation` is ignored for generations.
  [[nodiscard]] virtual std::vector<Item> list(ItemKind kind, const std::string& generation) = 0;
  /// The raw SQLite bytes of a snapshot or WAL item. Error{corrupt}, here or while reading, if they are not what was
  /// stored.
  [[nodiscard]] virtual std::unique_ptr<ByteStream> open(const Item& item) = 0;
  /// In order; empty where the destination does not know more than the item says.
  [[nodiscard]] virtual std::vector<CommitTime> commit_times(const Item& item) = 0;
  virtual void remove(const std::vector<Item>& items) = 0;
  virtual void probe(std::chrono::milliseconds deadline) = 0;
};

}  // namespace lshost::replica
