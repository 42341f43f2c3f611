#pragma once
// Moves the log into the database and lets it restart, without a frame that is not captured.
//
// Ordinary window: a passive checkpoint, a copy, and a window; the next writer restarts the log by itself. No write
// lock. Forced window, for databases that never pause: a RESTART checkpoint, during whose wait for our own read slot
// the tail is copied and the window opened; writers wait for the length of the tail.

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
  /// Opens a window if the log is wholly backfilled and copied. Cheap when it is not. REQUIRES: state A.
  bool try_open_window();
  /// nullopt: nothing is due by time alone.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_due() const;

 private:
  [[nodiscard]] CheckpointInput input() const;
  void run_passive();
  void run_forced();

  Attachment& attachment_;
  Capture& capture_;
  CheckpointRules rules_;
  const Clock& clock_;
  std::chrono::steady_clock::time_point last_;
  CheckpointPace pace_;
};

}  // namespace lshost::db
