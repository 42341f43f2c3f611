#pragma once
// Moves the log into the database and lets it restart, without a frame that is not captured.
//
// Ordinary window: a passive checkpoint, a copy, and a window; the next writer restarts the log by itself. No write
// lock. Forced window, for databases that never pause: a RESTART checkpoint, during whose wait for our own read slot
// the tail is copied and the window opened; writers wait for the length of the tail, and not for a disk of ours that
// does not answer: the copy is made on a thread of its own, and where that takes too long, the write lock is let go.

#include <chrono>

#include "base/clock.hpp"
#include "db/attachment.hpp"
#include "db/capture.hpp"
#include "db/checkpoint_policy.hpp"

namespace lshost::db {

/// Threads: the database's thread. Borrows attachment and capture.
class Checkpointer {
 public:
  Checkpointer(Attachment& attachment, Capture& capture, CheckpointRules rules, const Clock& clock);

  /// Does what is due. REQUIRES: state A, nothing frozen. Returns true if it did something.
  bool run_if_due();
  /// Opens a window if the log is wholly backfilled and copied, and has no wrong checksums. Cheap when it is not.
  /// REQUIRES: state A.
  bool try_open_window();
  /// nullopt: nothing is due by time alone.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_due() const;

 private:
  [[nodiscard]] CheckpointInput input() const;
  [[nodiscard]] bool open_window();
  /// The window over what is copied and durable.
  [[nodiscard]] bool open_window_over(const sqlite::IndexHeader& header);
  void run_passive();
  void run_forced();
  /// Empties a log that a recovery would misread.
  void run_healing();
  /// Copies what is not copied, and makes it durable. False: continuity is broken.
  [[nodiscard]] bool copy_tail();
  /// A checkpoint that waits for our own read slot, and at that moment opens the window.
  void restart_log(sqlite::CheckpointMode mode);
  /// A passive checkpoint. Returns LastPass::earlier_log_frames.
  std::uint32_t pass();

  Attachment& attachment_;
  Capture& capture_;
  CheckpointRules rules_;
  const Clock& clock_;
  std::chrono::steady_clock::time_point last_;
  CheckpointPace pace_;
  std::uint32_t failed_heals_ = 0;
  std::uint32_t slow_tails_ = 0;
  std::uint32_t log_frames_of_pass_ = 0;  // when the last pass began; less than that now: another log
};

}  // namespace lshost::db
