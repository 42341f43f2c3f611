#include "daemon/replica_monitor.hpp"

#include <utility>

#include "obs/log.hpp"

namespace lshost::daemon {

using obs::Level;

ReplicaMonitor::ReplicaMonitor(std::string database, std::string replica, WakeUp& progress, const Clock& clock)
    : database_(std::move(database)), replica_(std::move(replica)), progress_(progress), clock_(clock) {}

void ReplicaMonitor::state(plugin::ReplicaState state, std::string_view detail) {
  MutexLock lock(mutex_);
  if (status_.state == state && status_.detail == detail) return;
  status_.state = state;
  status_.detail = detail;
  // Catching up and streaming alternate with every commit.
  const bool is_routine = state == plugin::ReplicaState::streaming || state == plugin::ReplicaState::catching_up;
  obs::log(is_routine ? Level::trace : Level::debug, "replica", plugin::to_string(state),
           {{"db", database_}, {"replica", replica_}, {"detail", detail}});
}

void ReplicaMonitor::error(const plugin::Failure& failure) {
  const auto now = clock_.steady_now();
  MutexLock lock(mutex_);
  if (failure.message != status_.last_error) lines_written_ = 0;
  status_.last_error = failure.message;
  ++status_.errors_in_a_row;
  if (now - last_line_ < quiet_time(lines_written_)) return;
  ++lines_written_;
  last_line_ = now;
  obs::log(failure.needs_operator ? Level::error : Level::warn, "replica", failure.message,
           {{"db", database_}, {"replica", replica_}, {"times", status_.errors_in_a_row}});
}

void ReplicaMonitor::durable(const db::Position& position) {
  {
    MutexLock lock(mutex_);
    status_.durable = position;
    recovered();
  }
  progress_.notify();
}

void ReplicaMonitor::snapshot(const db::Position& position, std::uint64_t size_bytes) {
  {
    MutexLock lock(mutex_);
    status_.last_snapshot = position;
    status_.last_snapshot_ns = clock_.unix_now();
    recovered();
  }
  obs::log(
      Level::info, "replica", "snapshot",
      {{"db", database_}, {"replica", replica_}, {"position", db::to_string(position)}, {"size_bytes", size_bytes}});
  progress_.notify();
}

void ReplicaMonitor::recovered() {
  if (status_.last_error.empty()) return;
  obs::log(
      Level::info, "replica", "recovered",
      {{"db", database_}, {"replica", replica_}, {"failures", status_.errors_in_a_row}, {"was", status_.last_error}});
  status_.last_error.clear();
  status_.errors_in_a_row = 0;
  lines_written_ = 0;
}

void ReplicaMonitor::metric(std::string_view name, plugin::MetricKind /*kind*/, double value) {
  if (!obs::log_enabled(Level::trace)) return;
  obs::log(Level::trace, "replica", name, {{"db", database_}, {"replica", replica_}, {"value", std::to_string(value)}});
}

void ReplicaMonitor::could_not_start(const std::string& reason) {
  MutexLock lock(mutex_);
  status_.state = plugin::ReplicaState::backing_off;
  status_.last_error = reason;
  ++status_.errors_in_a_row;
}

ReplicaStatus ReplicaMonitor::status() const {
  MutexLock lock(mutex_);
  return status_;
}

}  // namespace lshost::daemon
