#pragma once
// When a replica needs a new snapshot, and when its old ones are looked through. Pure.

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.hpp"

namespace lshost::daemon {

struct ScheduleRules {
  std::chrono::nanoseconds snapshot_interval{0};  ///< 0: never
  std::chrono::nanoseconds retention{0};          ///< 0: everything is kept

  /// Retention can only let go of what lies before a newer snapshot, so there must be newer ones. 0: never.
  [[nodiscard]] std::chrono::nanoseconds effective_interval() const noexcept {
    if (snapshot_interval.count() == 0) return retention;
    return retention.count() == 0 ? snapshot_interval : std::min(snapshot_interval, retention);
  }
};

/// nullopt: never. `last_ns`: of the newest snapshot; 0: there is none, which the replicator mends by itself.
[[nodiscard]] inline std::optional<UnixNanos> next_snapshot(const ScheduleRules& rules, UnixNanos last_ns) noexcept {
  if (rules.effective_interval().count() == 0 || last_ns == 0) return std::nullopt;
  return last_ns + rules.effective_interval().count();
}

/// How often old items are looked through while there is anything new: four times in a window, hourly at most.
[[nodiscard]] inline std::optional<std::chrono::nanoseconds> retention_pause(const ScheduleRules& rules) noexcept {
  if (rules.retention.count() == 0) return std::nullopt;
  return std::clamp<std::chrono::nanoseconds>(rules.retention / 4, std::chrono::milliseconds(250),
                                              std::chrono::hours(1));
}

}  // namespace lshost::daemon
