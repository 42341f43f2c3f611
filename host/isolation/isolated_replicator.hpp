#pragma once
// A replicator whose plugin runs in a process of its own: whatever it does there costs a restart of that process.
//
// A thread of the host keeps the process: starts it, serves it, sees it end, waits, starts it again. It holds nothing
// for the plugin but an open snapshot, which goes with the process; what was reported durable stays with the feed, so a
// new process goes on from there.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/condition.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "isolation/calls.hpp"
#include "isolation/channel.hpp"
#include "isolation/child_process.hpp"
#include "plugin/replica_context.hpp"
#include "replica/replicator.hpp"

namespace lshost::isolation {

/// What the process is, and how long is waited for it.
struct IsolationOptions {
  std::string program = "/proc/self/exe";           ///< lshost itself
  std::chrono::milliseconds answer_limit{10'000};   ///< for create, start, and a sign of life
  std::chrono::milliseconds stop_grace{1'000};      ///< after the deadline of a stop, before it is killed
  std::chrono::milliseconds silence_limit{30'000};  ///< after which a sign of life is asked for
  std::chrono::milliseconds call_limit{std::chrono::minutes(10)};  ///< for list and its like, while a host is running
};

/// Ownership: owns the process. Feed and observer of its setup must outlive it; streams that it gave need not.
/// Threads:   as replica::Replicator says.
/// Errors:    the plugin's; Error{transient} with how the process ended while there is none.
class IsolatedReplicator final : public replica::Replicator {
 public:
  /// Starts the process and makes the replicator in it. Throws what the plugin says to its configuration. A process
  /// that ends or hangs over it is an Error{transient} offline; in a running host it is tried again, like later ones.
  IsolatedReplicator(std::vector<std::string> plugin_folders, plugin::ReplicaSetup setup, IsolationOptions options);
  IsolatedReplicator(const IsolatedReplicator&) = delete;
  IsolatedReplicator& operator=(const IsolatedReplicator&) = delete;
  /// Ends the process: the plugin destroys its replicator, or is killed after the limit of an answer.
  ~IsolatedReplicator() override;

  [[nodiscard]] std::string name() const override LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] std::string type() const override LSHOST_EXCLUDES(mutex_);
  /// As the process last said. Never waits; the question is passed on.
  [[nodiscard]] bool snapshotting() const override;
  /// Returns at once: a plugin that does not start is reported and tried again like one that ended.
  void start() override LSHOST_EXCLUDES(mutex_);
  /// A plugin that does not stop by the deadline is killed, which is no error: nothing of it is left.
  void stop(std::chrono::milliseconds deadline) override LSHOST_EXCLUDES(mutex_);

  [[nodiscard]] bool can_restore() const override { return can_restore_; }
  [[nodiscard]] bool can_remove() const override { return can_remove_; }
  [[nodiscard]] std::vector<replica::Item> list(replica::ItemKind kind, const std::string& generation) override;
  [[nodiscard]] std::unique_ptr<ByteStream> open(const replica::Item& item) override;
  [[nodiscard]] std::vector<replica::CommitTime> commit_times(const replica::Item& item) override;
  void remove(const std::vector<replica::Item>& items) override;
  void probe(std::chrono::milliseconds deadline) override;

  /// Of the process; -1: there is none now. For tests and status.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  class Keeper;

  enum class Phase { none, creating, created, starting, running, stopping };

  /// A process that can be asked.
  struct Reached {
    std::shared_ptr<Channel> channel;
    std::shared_ptr<CallTable> calls;
  };

  void keep() LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] bool wait_until_wanted() LSHOST_EXCLUDES(mutex_);
  void account_for(const std::string& what_happened, bool had_progress) LSHOST_EXCLUDES(mutex_);
  void tell(const std::string& what_happened, bool is_retried) const;
  [[nodiscard]] bool has_run() const noexcept LSHOST_REQUIRES(mutex_) {
    return phase_ == Phase::starting || phase_ == Phase::running || phase_ == Phase::stopping;
  }
  void wake() const noexcept;
  [[nodiscard]] Reached reach() LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] Bytes call(Kind kind, const Bytes& body) LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] bool is_offline() const noexcept { return setup_.feed == nullptr; }
  [[nodiscard]] Error ended_error() const LSHOST_REQUIRES(mutex_);

  const std::vector<std::string> plugin_folders_;
  const plugin::ReplicaSetup setup_;
  const IsolationOptions options_;
  const std::string label_;  // "replica nightly-disk"
  const UniqueFd wake_up_;   // the keeper polls it

  std::atomic<bool> can_restore_ = false;
  std::atomic<bool> can_remove_ = false;
  std::atomic<bool> is_snapshotting_ = false;
  mutable std::atomic<bool> is_refresh_wanted_ = false;
  std::atomic<pid_t> pid_ = -1;

  mutable Mutex mutex_;
  Condition changed_;
  std::string name_ LSHOST_GUARDED_BY(mutex_);
  std::string type_ LSHOST_GUARDED_BY(mutex_);
  Phase phase_ LSHOST_GUARDED_BY(mutex_) = Phase::none;
  bool is_wanted_ LSHOST_GUARDED_BY(mutex_) = true;  // the process, running or not
  bool is_run_wanted_ LSHOST_GUARDED_BY(mutex_) = false;
  bool is_closing_ LSHOST_GUARDED_BY(mutex_) = false;
  bool is_constructed_ LSHOST_GUARDED_BY(mutex_) = false;
  std::optional<std::chrono::milliseconds> stop_duration_ LSHOST_GUARDED_BY(mutex_);  // nullopt: for ever
  std::chrono::steady_clock::time_point stop_deadline_ LSHOST_GUARDED_BY(mutex_);
  std::shared_ptr<Channel> channel_ LSHOST_GUARDED_BY(mutex_);
  std::shared_ptr<CallTable> calls_ LSHOST_GUARDED_BY(mutex_);
  std::optional<Error> refusal_ LSHOST_GUARDED_BY(mutex_);     // what the plugin said to its configuration
  std::optional<Error> stop_error_ LSHOST_GUARDED_BY(mutex_);  // what it said to the last stop
  std::string last_end_ LSHOST_GUARDED_BY(mutex_);             // "": no process has ended yet
  std::uint64_t ends_ LSHOST_GUARDED_BY(mutex_) = 0;
  std::uint32_t ends_in_a_row_ LSHOST_GUARDED_BY(mutex_) = 0;  // without anything durable between them
  std::chrono::steady_clock::time_point next_process_ LSHOST_GUARDED_BY(mutex_);

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace lshost::isolation
