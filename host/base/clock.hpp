#pragma once
// Time, as a value that tests can hand in.

#include <chrono>
#include <cstdint>

namespace lshost {

/// Nanoseconds since 1970-01-01 UTC; the form in which times are stored and cross the plugin ABI.
using UnixNanos = std::int64_t;

/// A deadline must not overflow the clock, so "for ever" is a year. Whoever waits that long waits again.
inline constexpr std::chrono::nanoseconds kLongestWait = std::chrono::hours(24 * 365);

/// Where code gets the time from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual UnixNanos unix_now() const = 0;                                ///< wall clock; may jump
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;  ///< for intervals
};

/// Blocks for a short time between two looks at something that gives no event, such as a lock of SQLite's.
/// Not to be stopped early, so milliseconds at most; whoever waits longer waits on a WakeUp.
void pause_for(std::chrono::nanoseconds duration);

/// The machine's clock. Lives for the process.
[[nodiscard]] const Clock& system_clock();

}  // namespace lshost
