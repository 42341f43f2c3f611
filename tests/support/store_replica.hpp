#pragma once
// A replicator that the engine makes of a store, at work for a test: it lives as it does in a host, and is read back
// through its C tables.

#include <lshost/plugin.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lshost/blob_replicator.hpp>

#include "support/fake_host.hpp"

namespace lshost::test {

/// Makes the store of a plugin.
using MakeStore = std::function<std::unique_ptr<BlobReplicator>(Context)>;

/// Makes, starts, stops and destroys replicators as a host does: cancel, stop, join, destroy.
/// Throws what the tables say, as lshost::v1::Error.
class StoreReplica {
 public:
  StoreReplica(FakeHost& host, MakeStore make, std::string type = "store");
  ~StoreReplica();
  StoreReplica(const StoreReplica&) = delete;
  StoreReplica& operator=(const StoreReplica&) = delete;

  /// Made, not started.
  void make();
  void start();
  /// Stops and destroys it.
  void stop();
  /// Starts it; true once the host's tip is reported.
  [[nodiscard]] bool run_until_durable();

  [[nodiscard]] bool snapshotting() const { return replicator_->snapshotting(replicator_) != 0; }
  [[nodiscard]] lshost_replicator* table() const noexcept { return replicator_; }

  // ---- reading back; made if it is not there ----
  [[nodiscard]] std::vector<Item> items(ItemKind kind, const std::string& generation);
  [[nodiscard]] Bytes content(const Item& item);
  struct Time {
    std::uint64_t end_offset;
    std::int64_t commit_ns;
    bool operator==(const Time&) const = default;
  };
  [[nodiscard]] std::vector<Time> commit_times(const Item& item);
  void remove(const std::vector<Item>& items);
  void probe(std::chrono::milliseconds deadline = std::chrono::seconds(20));

  /// The database by the rules of a restore: the newest snapshot that is not after `target` (none: the newest), and
  /// from its index on all WAL to `target` (none: the end). Throws a sentence where something is missing.
  [[nodiscard]] Bytes restore(const std::string& generation, std::optional<Position> target = std::nullopt);

 private:
  template <class Table>
  const Table& extension(const char* id);

  FakeHost& host_;
  const MakeStore make_;
  const std::string type_;
  lshost_replicator* replicator_ = nullptr;
  bool is_started_ = false;
};

}  // namespace lshost::test
