#pragma once
// What a running replica tells the host. The daemon implements it: status, metrics, log lines for repeated failures.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "db/position.hpp"

namespace lshost::plugin {

/// The meaning of each stands at LSHOST_STATE_* in lshost/host.h.
enum class ReplicaState { starting, waiting, snapshot, catching_up, streaming, backing_off, failed, stopped };

/// "catching_up", as it stands in status and logs. Static.
[[nodiscard]] std::string_view to_string(ReplicaState state) noexcept;

/// A failure that the plugin will retry by itself, unless `needs_operator` says that it is of no use.
struct Failure {
  ErrorCode code = ErrorCode::internal;
  std::string message;  ///< the plugin's sentence
  bool retryable = false;
  bool needs_operator = false;               ///< a person has to act: credentials, configuration, quota
  std::chrono::milliseconds retry_after{0};  ///< 0: the destination did not say
};

enum class MetricKind { counter, gauge, histogram };

/// Threads: any, several at once; the calls come from the plugin's threads. They must not block for long, and must not
/// call back into the replica. Exceptions that leave them are swallowed.
class ReplicaObserver {
 public:
  virtual ~ReplicaObserver() = default;
  virtual void state(ReplicaState state, std::string_view detail) = 0;
  virtual void error(const Failure& failure) = 0;
  /// All before `position` is durable at the destination. The feed knows already.
  virtual void durable(const db::Position& position) = 0;
  /// A snapshot as of `position` is durable at the destination.
  virtual void snapshot(const db::Position& position, std::uint64_t size_bytes) = 0;
  virtual void metric(std::string_view name, MetricKind kind, double value) = 0;
};

}  // namespace lshost::plugin
