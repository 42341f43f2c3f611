#pragma once
// When a log is let go because the host does not keep up with it: the dead-man's switch. Pure.
//
// Our locks keep the application's log from restarting. That is right for as long as we copy what is in it; when we do
// not, the log fills the application's disk. Beyond `shadow-wal-limit` the database's thread has to show that it moves,
// and that it is not slower than the application.

#include <cstdint>
#include <optional>
#include <string_view>

#include "db/progress.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

/// What is seen of a guarded log and of the thread that should copy it, once a second.
struct GuardLook {
  wal::Salt salt;
  std::uint32_t log_frames = 0;
  std::uint32_t page_size = 0;  ///< bytes
  Progress::Now progress;

  [[nodiscard]] std::uint64_t log_bytes() const noexcept { return log_frames * wal::frame_size(page_size); }
  /// Frames of this log that are not copied. REQUIRES: progress.captured.
  [[nodiscard]] std::uint64_t frames_left() const noexcept {
    const std::uint64_t captured = progress.captured->salt == salt ? progress.captured->frames : 0;
    return captured < log_frames ? log_frames - captured : 0;
  }
};

enum class WhyLetGo {
  stuck,   ///< the thread finishes nothing: a disk that does not answer, or fails again and again
  behind,  ///< it copies, and the application is faster
};

/// One sentence for people.
[[nodiscard]] constexpr std::string_view to_string(WhyLetGo why) noexcept {
  return why == WhyLetGo::stuck ? "capture does not go on" : "capture is slower than the application";
}

/// Looks in a row at a log beyond the limit that found nothing finished since the look before. A disk that is only busy
/// answers earlier.
inline constexpr std::uint32_t kStuckLooks = 5;
/// The same while it is not known yet where capture goes on, when gigabytes may have to be read in one go.
inline constexpr std::uint32_t kStuckLooksAtStart = 60;
/// Looks in a row that found more left to copy, or as much, and not even all that was there at the look before. The one
/// transaction of gigabytes is not among them: what is left of it gets less.
inline constexpr std::uint32_t kBehindLooks = 30;

/// Looks in vain until now.
struct LooksInVain {
  std::uint32_t stuck = 0;
  std::uint32_t behind = 0;
  bool operator==(const LooksInVain&) const = default;
};

/// `before`: as of the look `last`. A log within the limit, and one that has restarted, begin from nothing; a look
/// during a checkpoint tells nothing.
[[nodiscard]] inline LooksInVain count_look(const LooksInVain& before, const GuardLook& last, const GuardLook& now,
                                            std::uint64_t limit_bytes) noexcept {
  if (now.log_bytes() <= limit_bytes || now.salt != last.salt) return {};
  if (now.progress.is_checkpointing) return before;
  LooksInVain after;
  if (now.progress.steps == last.progress.steps) after.stuck = before.stuck + 1;
  if (!now.progress.captured || !last.progress.captured) return after;
  const std::uint64_t left = now.frames_left();
  const bool is_older_left = left > now.log_frames - std::uint64_t{last.log_frames};
  if (is_older_left && left >= last.frames_left()) after.behind = before.behind + 1;
  return after;
}

/// nullopt: the log is kept.
[[nodiscard]] inline std::optional<WhyLetGo> why_let_go(const LooksInVain& looks, const GuardLook& now) noexcept {
  if (looks.stuck >= (now.progress.captured ? kStuckLooks : kStuckLooksAtStart)) return WhyLetGo::stuck;
  if (looks.behind >= kBehindLooks) return WhyLetGo::behind;
  return std::nullopt;
}

}  // namespace lshost::db
