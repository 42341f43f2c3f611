#pragma once
// An observer that remembers what a replica told it, and can be waited for.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "plugin/replica_observer.hpp"

namespace lshost::test {

/// Thread-safe.
class Recorder final : public plugin::ReplicaObserver {
 public:
  struct Seen {
    std::vector<plugin::ReplicaState> states;
    std::vector<std::string> details;
    std::vector<plugin::Failure> failures;
    std::vector<db::Position> durable;
    std::vector<std::pair<db::Position, std::uint64_t>> snapshots;
    std::map<std::string, double> metrics;  ///< counters added up, the last value of the others
  };

  [[nodiscard]] Seen seen() const {
    const MutexLock lock(mutex_);
    return seen_;
  }
  /// False: `is_there` was not true within ten seconds.
  [[nodiscard]] bool wait_until(const std::function<bool(const Seen&)>& is_there) {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&]() LSHOST_REQUIRES(mutex_) { return is_there(seen_); });
  }

  void state(plugin::ReplicaState state, std::string_view detail) override {
    record([&](Seen& seen) {
      seen.states.push_back(state);
      seen.details.emplace_back(detail);
    });
  }
  void error(const plugin::Failure& failure) override {
    record([&](Seen& seen) { seen.failures.push_back(failure); });
  }
  void durable(const db::Position& position) override {
    record([&](Seen& seen) { seen.durable.push_back(position); });
  }
  void snapshot(const db::Position& position, std::uint64_t size_bytes) override {
    record([&](Seen& seen) { seen.snapshots.emplace_back(position, size_bytes); });
  }
  void metric(std::string_view name, plugin::MetricKind kind, double value) override {
    record([&](Seen& seen) {
      double& known = seen.metrics[std::string(name)];
      known = kind == plugin::MetricKind::counter ? known + value : value;
    });
  }

 private:
  template <class Fn>
  void record(Fn&& fn) {
    const MutexLock lock(mutex_);
    fn(seen_);
    changed_.notify_all();
  }

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  Seen seen_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::test
