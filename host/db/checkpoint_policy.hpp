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
  /// Committed frames have wrong checksums. A recovery stops before them, and puts what the log holds before them over
  /// what is in the database: even when all is moved, the log has to go.
  bool is_sick = false;
  std::uint32_t failed_heals = 0;  ///< in a row
  std::uint32_t slow_tails = 0;    ///< forced restarts in a row that writers had to wait for in vain: see tail_wait_max
};

enum class CheckpointChoice { none, passive, force, heal };

/// However fast frames come, the disk is not asked more often than this.
inline constexpr std::chrono::nanoseconds kCheckpointPause = std::chrono::milliseconds(250);

/// How long after the last try of what makes writers wait for some tenth of a second, if that was in vain so many
/// times: to empty a sick log under a reader that stays, to copy a tail to a disk that is slow.
[[nodiscard]] constexpr std::chrono::nanoseconds retry_pause(std::uint32_t failures) noexcept {
  return kCheckpointPause * (1U << std::min(failures, 6U));
}

[[nodiscard]] constexpr CheckpointChoice choose_checkpoint(const CheckpointRules& rules,
                                                           const CheckpointInput& input) noexcept {
  const std::uint32_t pending =
      input.log_frames > input.backfilled_frames ? input.log_frames - input.backfilled_frames : 0;
  if (input.since_last < kCheckpointPause) return CheckpointChoice::none;
  if (input.is_sick && input.log_frames > 0 && input.since_last >= retry_pause(input.failed_heals))
    return CheckpointChoice::heal;
  if (input.log_frames >= rules.force_pages())
    return input.since_last >= retry_pause(input.slow_tails) ? CheckpointChoice::force : CheckpointChoice::none;
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

/// How long writers may wait for the copy of the log's tail during a forced restart. It is a matter of milliseconds,
/// unless our disk is slow or hangs; then they are not made to wait for that.
[[nodiscard]] constexpr std::chrono::nanoseconds tail_wait_max(const CheckpointRules& rules,
                                                               std::uint32_t log_frames) noexcept {
  constexpr std::chrono::nanoseconds kAtLeast = std::chrono::milliseconds(200);
  return std::max(kAtLeast, forced_wait_max(rules, log_frames));
}

/// What a passive checkpoint a moment ago tells.
struct LastPass {
  CheckpointPace pace;  ///< of it, or of the last one that moved something
  std::uint32_t earlier_log_frames =
      0;  ///< the log's when the pass before that one began, at least kCheckpointPause ago
};

/// Whether what writers would have to wait for is little enough: the frames that are not moved yet, and readers. A
/// reader is seen by what it leaves: if not even the frames of the pass before could be moved, it has been there for
/// that long, and nobody is made to wait for it with the write lock held, because it may stay for as long again.
[[nodiscard]] constexpr bool may_force(const CheckpointRules& rules, const CheckpointInput& input,
                                       const LastPass& last) noexcept {
  if (input.log_frames <= input.backfilled_frames) return true;
  if (last.pace.frames == 0 || input.backfilled_frames < last.earlier_log_frames) return false;
  const std::uint32_t left = input.log_frames - input.backfilled_frames;
  const double wait_ns = static_cast<double>(last.pace.took.count()) * left / last.pace.frames;
  return wait_ns <= static_cast<double>(forced_wait_max(rules, input.log_frames).count());
}

/// How long until choose_checkpoint can change its mind by time alone. nullopt: only frames can make it.
[[nodiscard]] constexpr std::optional<std::chrono::nanoseconds> next_checkpoint(const CheckpointRules& rules,
                                                                                const CheckpointInput& input) noexcept {
  if (input.is_sick && input.log_frames > 0)
    return std::max(std::chrono::nanoseconds(0), retry_pause(input.failed_heals) - input.since_last);
  if (input.log_frames <= input.backfilled_frames) return std::nullopt;
  const bool wants_now = input.log_frames - input.backfilled_frames >= rules.min_pages;
  const auto soon = input.log_frames >= rules.force_pages() ? retry_pause(input.slow_tails) : kCheckpointPause;
  const auto due = wants_now ? soon : std::max(rules.interval, soon);
  return std::max(std::chrono::nanoseconds(0), due - input.since_last);
}

}  // namespace lshost::db
