#pragma once
// A plugin's replicator as the core's Replicator.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugin/instance.hpp"
#include "replica/replicator.hpp"

namespace lshost::plugin {

/// Ownership: shares the instance with the streams it gave. Feed and observer of its setup must outlive it.
/// Threads:   as replica::Replicator says.
/// Errors:    Error with "replica NAME: the plugin's sentence". stop() throws Error{transient} when the plugin did not
///            stop by its deadline: then the replica is given up. Its threads and its memory stay, but nothing of the
///            plugin reaches feed or observer any more, and start() refuses.
class ReplicatorAdapter final : public replica::Replicator {
 public:
  explicit ReplicatorAdapter(std::shared_ptr<Instance> instance);
  ReplicatorAdapter(const ReplicatorAdapter&) = delete;
  ReplicatorAdapter& operator=(const ReplicatorAdapter&) = delete;
  /// Stops what runs, and gives it up if it does not stop within ten seconds.
  ~ReplicatorAdapter() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::string type() const override;
  [[nodiscard]] bool snapshotting() const override;
  void start() override;
  void stop(std::chrono::milliseconds deadline) override;

  [[nodiscard]] bool can_restore() const override { return instance_->restore().has_value(); }
  [[nodiscard]] bool can_remove() const override { return instance_->retention().has_value(); }
  [[nodiscard]] std::vector<replica::Item> list(replica::ItemKind kind, const std::string& generation) override;
  [[nodiscard]] std::unique_ptr<ByteStream> open(const replica::Item& item) override;
  [[nodiscard]] std::vector<replica::CommitTime> commit_times(const replica::Item& item) override;
  void remove(const std::vector<replica::Item>& items) override;
  void probe(std::chrono::milliseconds deadline) override;

 private:
  void require_not_given_up() const;
  void stop_run(std::chrono::milliseconds deadline);
  void give_up();
  [[nodiscard]] const lshost_restore& require_restore() const;

  std::shared_ptr<Instance> instance_;
  // Owned by the controller:
  bool is_running_ = false;
  bool is_given_up_ = false;
};

}  // namespace lshost::plugin
