#pragma once
// What the host is told: states without repetition, failures by their class, and how long to rest after one.

#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include <lshost/cpp/context.hpp>

namespace lshost::engine {

/// What to do about a failure. Pure.
enum class FailureClass {
  transient,  ///< the destination is away or busy
  person,     ///< somebody has to act: credentials, quota, configuration
};
[[nodiscard]] FailureClass class_of(const std::exception& failure) noexcept;

/// How long to rest after the failure number `attempt` (from 0) in a row: doubling from 100 ms to 30 s, or from 1 s to
/// one minute where a person has to act, with jitter; never shorter than what the destination asked for. `random`: any
/// 64 bits. Pure.
[[nodiscard]] std::chrono::milliseconds rest_after(const std::exception& failure, std::uint32_t attempt,
                                                   std::uint64_t random) noexcept;

/// Threads: any.
class Reporter {
 public:
  explicit Reporter(Context ctx) : ctx_(ctx), random_(std::random_device{}()) {}

  void state(ReplicaState state, const std::string& detail = {});
  [[nodiscard]] std::optional<ReplicaState> last_state() const;
  /// Reports a failure and its state; returns how long to rest.
  [[nodiscard]] std::chrono::milliseconds failed(const std::exception& failure, std::uint32_t attempt);

 private:
  const Context ctx_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::optional<ReplicaState> state_;
  std::string detail_;
  std::mt19937_64 random_;
};

}  // namespace lshost::engine
