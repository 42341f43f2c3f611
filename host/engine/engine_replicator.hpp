#pragma once
// The replicator that the engine makes of a store: the five functions, and what reads, removes and proves what lies
// there.

#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <lshost/replicator.hpp>

#include "engine/contents.hpp"
#include "engine/settings.hpp"
#include "engine/store.hpp"
#include "engine/worker.hpp"

namespace lshost::engine {

/// One database's replica in one store.
///
/// Threads: as lshost::Replicator and the extension classes say. Errors: Error.
class EngineReplicator final : public Replicator, public Restorable, public Removable, public Probeable {
 public:
  /// Reads the engine's keys; makes no request. Takes the store over, also where it throws.
  EngineReplicator(Context context, std::string type, lshost_store* store);

  [[nodiscard]] std::string Name() const override;
  [[nodiscard]] std::string Type() const override { return type_; }
  [[nodiscard]] bool Snapshotting() const override;
  void Start() override;
  void Stop() override;

  // lshost.restore/1
  void List(ItemKind kind, const std::string& generation, const EachItem& each) override;
  [[nodiscard]] std::unique_ptr<Source> Open(const Item& item) override;
  void CommitTimes(const Item& item, const EachTime& each) override;

  // lshost.retention/1
  void Remove(std::span<const Item> items) override;

  // lshost.health/1
  void Probe(std::chrono::milliseconds deadline) override;

 private:
  [[nodiscard]] std::shared_ptr<Worker> worker() const;

  const std::string type_;
  Store store_;
  const Settings settings_;
  Contents contents_;
  mutable std::mutex mutex_;
  std::shared_ptr<Worker> worker_;  // guarded by mutex_; null: stopped
};

}  // namespace lshost::engine
