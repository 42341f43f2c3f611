#pragma once
// When the host checkpoints. Pure.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace lshost::db {

struct CheckpointRules {
  std::uint32_t min_pages = 1000;
  std::chrono::nanoseconds interval = std::chrono::minutes(1);

  /// On a busy database a passive checkpoint never catches up, so from here on the log is restarted by force: the last
  /// frames are copied and moved while writers wait.
  [[nodiscard]] constexpr std::uint64_t force_pages() const noexcept { return std::uint64_t{min_pages} * 16; }
};

struct CheckpointInput {
  std::uint32_t log_frames = 0;
  std::uint32_t backfilled_frames = 0;
  std::chrono::nanoseconds since_last{};  ///< since our last checkpoint, or since we attached
};

enum class CheckpointChoice { none, passive, force };

/// However fast frames come, the disk is not asked more often than this.
inline constexpr std::chrono::nanoseconds kCheckpointPause = std::chrono::milliseconds(250);

[[nodiscard]] constexpr CheckpointChoice choose_checkpoint(const CheckpointRules& rules,
                                                           const CheckpointInput& input) noexcept {
  const std::uint32_t pending =
      input.log_frames > input.backfilled_frames ? input.log_frames - input.backfilled_frames : 0;
  if (input.since_last < kCheckpointPause) return CheckpointChoice::none;
  if (input.log_frames >= rules.force_pages()) return CheckpointChoice::force;
  if (pending >= rules.min_pages || (pending > 0 && input.since_last >= rules.interval))
    return CheckpointChoice::passive;
  return CheckpointChoice::none;
}

/// How fast frames were moved into the database when it was last done beside writers.
struct CheckpointPace {
  std::uint32_t frames = 0;  ///< 0: not known
  std::chrono::nanoseconds took{};
};

/// How long a forced restart may make writers wait: 50 ms when the log has the size at which one is wanted, and longer
/// in proportion. So an application that is faster than its disk is slowed down, bit by bit, and does not fill it.
[[nodiscard]] constexpr std::chrono::nanoseconds forced_wait_max(const CheckpointRules& rules,
                                                                 std::uint32_t log_frames) noexcept {
  constexpr std::chrono::nanoseconds kAtForcePages = std::chrono::milliseconds(50);
  return kAtForcePages * log_frames / std::max<std::uint64_t>(1, rules.force_pages());
}

/// Whether what writers would have to wait for, the frames that are not moved yet, is little enough. A reader in the
/// way is seen only by what it leaves: where nothing was ever moved, or too much is left, nobody is made to wait for
/// it.
[[nodiscard]] constexpr bool may_force(const CheckpointRules& rules, const CheckpointInput& input,
                                       const CheckpointPace& pace) noexcept {
  if (input.log_frames <= input.backfilled_frames) return true;
  if (pace.frames == 0) return false;
  const std::uint32_t left = input.log_frames - input.backfilled_frames;
  const double wait_ns = static_cast<double>(pace.took.count()) * left / pace.frames;
  return wait_ns <= static_cast<double>(forced_wait_max(rules, input.log_frames).count());
}

/// How long until choose_checkpoint can change its mind by time alone. nullopt: only frames can make it.
[[nodiscard]] constexpr std::optional<std::chrono::nanoseconds> next_checkpoint(const CheckpointRules& rules,
                                                                                const CheckpointInput& input) noexcept {
  if (input.log_frames <= input.backfilled_frames) return std::nullopt;
  const bool wants_now = input.log_frames - input.backfilled_frames >= rules.min_pages;
  const auto due = wants_now ? kCheckpointPause : std::max(rules.interval, kCheckpointPause);
  return std::max(std::chrono::nanoseconds(0), due - input.since_last);
}

}  // namespace lshost::db
