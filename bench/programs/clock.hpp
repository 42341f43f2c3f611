#pragma once
// The one clock of the benchmark programs: CLOCK_REALTIME in nanoseconds; stamps of several processes are compared. A
// step of the clock during a run shows as a negative latency and is reported.

#include <cstdint>
#include <ctime>

namespace lshost::bench {

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

inline std::int64_t now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

/// Sleeps until `deadline_ns` of now_ns(); returns at once if it has passed.
inline void sleep_until_ns(std::int64_t deadline_ns) noexcept {
  const timespec deadline{deadline_ns / kNsPerSecond, deadline_ns % kNsPerSecond};
  while (::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &deadline, nullptr) != 0) {
  }
}

}  // namespace lshost::bench
