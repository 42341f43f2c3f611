#pragma once
// The replicator "file": the five functions, and what reads, removes and proves what they stored.

#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <lshost/replicator.hpp>

#include "destination.hpp"
#include "disk.hpp"
#include "worker.hpp"

namespace lshost::file {

/// One database's replica in one folder.
///
/// Threads: as lshost::Replicator and the extension classes say. Errors: Error.
class FileReplicator final : public Replicator, public Restorable, public Removable, public Probeable {
 public:
  /// Reads the configuration; touches no file. `watcher`: for tests.
  explicit FileReplicator(Context context, DiskWatcher* watcher = nullptr);

  static std::span<const ConfigKey> Keys();
  static const char* Summary() { return "a folder: snapshots and WAL as plain SQLite files"; }

  // The five functions.
  [[nodiscard]] std::string Name() const override;
  [[nodiscard]] std::string Type() const override { return "file"; }
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

  const Disk disk_;
  const Destination destination_;
  mutable std::mutex mutex_;
  std::shared_ptr<Worker> worker_;  // guarded by mutex_; null: stopped
};

}  // namespace lshost::file
