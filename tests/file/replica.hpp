#pragma once
// A file replicator at work for a test, and what a person finds at its destination.

#include <memory>
#include <string>
#include <vector>

#include "file_replicator.hpp"
#include "support/fake_host.hpp"

namespace lshost::test {

/// Makes, starts, stops and destroys replicators as a host does: cancel, stop, join, destroy.
class Replica {
 public:
  explicit Replica(FakeHost& host, file::DiskWatcher* watcher = nullptr) : host_(host), watcher_(watcher) {}
  ~Replica() { stop(); }
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  void start() {
    replicator_ = std::make_unique<file::FileReplicator>(host_.context(), watcher_);
    replicator_->Start();
  }
  void stop() {
    if (!replicator_) return;
    host_.cancel();
    replicator_->Stop();
    host_.join_and_reset();
    replicator_.reset();
  }
  file::FileReplicator& operator*() { return *replicator_; }
  file::FileReplicator* operator->() { return replicator_.get(); }

 private:
  FakeHost& host_;
  file::DiskWatcher* watcher_;
  std::unique_ptr<file::FileReplicator> replicator_;
};

/// What a person gets who follows the README: the newest snapshot of a generation, then each WAL file from its index on
/// put beside it as -wal, and SQLite. Stops at the first index that is not there. Throws if SQLite does.
[[nodiscard]] Bytes restore_by_hand(const std::string& root, const std::string& generation);

/// The same through lshost.restore/1, by the rules of a restore: every index but the last one has to be complete.
[[nodiscard]] Bytes restore_by_extension(file::FileReplicator& replicator, const std::string& generation);

/// The names in a folder, sorted.
[[nodiscard]] std::vector<std::string> names_in(const std::string& folder);

/// Items of one kind at the destination.
[[nodiscard]] std::vector<Item> items(file::FileReplicator& replicator, ItemKind kind, const std::string& generation);

/// All bytes of an item. Throws what the plugin throws.
[[nodiscard]] std::string content(file::FileReplicator& replicator, const Item& item);

/// Flips one bit of a file.
void damage(const std::string& path, std::uint64_t offset);

}  // namespace lshost::test
