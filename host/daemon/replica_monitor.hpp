#pragma once
// What one running replica says about itself: kept for status, and turned into log lines that do not repeat themselves.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/wake_up.hpp"
#include "plugin/replica_observer.hpp"

namespace lshost::daemon {

/// When to write a repeated failure again: at once, then after 10 s, 20 s, ... at most every 10 minutes. Pure.
[[nodiscard]] constexpr std::chrono::nanoseconds quiet_time(std::uint32_t lines_written) noexcept {
  if (lines_written == 0) return std::chrono::nanoseconds(0);
  const std::chrono::nanoseconds quiet = std::chrono::seconds(5) * (1 << (lines_written > 7 ? 7U : lines_written));
  return quiet > std::chrono::minutes(10) ? std::chrono::minutes(10) : quiet;
}

struct ReplicaStatus {
  plugin::ReplicaState state = plugin::ReplicaState::starting;
  std::string detail;
  std::string last_error;  ///< "" since the last success
  std::uint64_t errors_in_a_row = 0;
  db::Position durable;
  std::optional<db::Position> last_snapshot;
  UnixNanos last_snapshot_ns = 0;  ///< when it was reported; 0: none since the start
};

/// Threads: safe.
class ReplicaMonitor final : public plugin::ReplicaObserver {
 public:
  /// `progress` is notified at each durable position and snapshot; borrowed.
  ReplicaMonitor(std::string database, std::string replica, WakeUp& progress, const Clock& clock);

  void state(plugin::ReplicaState state, std::string_view detail) override;
  void error(const plugin::Failure& failure) override;
  void durable(const db::Position& position) override;
  void snapshot(const db::Position& position, std::uint64_t size_bytes) override;
  void metric(std::string_view name, plugin::MetricKind kind, double value) override;

  /// The plugin could not be started; that is tried again. The caller writes the line of the log.
  void could_not_start(const std::string& reason);

  [[nodiscard]] ReplicaStatus status() const;

 private:
  void recovered() LSHOST_REQUIRES(mutex_);

  const std::string database_;
  const std::string replica_;
  WakeUp& progress_;
  const Clock& clock_;

  mutable Mutex mutex_;
  ReplicaStatus status_ LSHOST_GUARDED_BY(mutex_);
  std::uint32_t lines_written_ LSHOST_GUARDED_BY(mutex_) = 0;  // about the failure that goes on
  std::chrono::steady_clock::time_point last_line_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::daemon
