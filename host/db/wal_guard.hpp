#pragma once
// The locks by which a host keeps the log from losing frames that it has not copied.
//
// SQLite destroys frames only by a restart, which needs READ1..READ4 exclusively and a log that is wholly backfilled;
// and it backfills only under READ0 exclusively. So:
//
//   state A, guarded  We hold a read slot (READ4, or 3, 2, 1) shared, with an infinite read mark: nobody can restart
//                     the log, and nobody's backfill is held back.
//   state B, window   We hold READ0 shared instead: the backfill is frozen, so at most one restart can happen, and it
//                     can only destroy frames that are backfilled, all of which we have.
//
// The states overlap at each change. Leaving B, CKPT is held once before READ0 is let go, so that no checkpointer with
// a header from before the restart is left (SQLite's WAL-reset bug, 3.7.0 to 3.51.2). docs/ARCHITECTURE.md has the
// proof.
//
// The locks can also be let go from outside the database's thread, for good, when that does not keep up
// (guard_watch.hpp). Then nothing is protected any more: the guard is of no use, and whoever relied on it finds out by
// has_let_go().

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "os/shared_flag.hpp"
#include "sqlite/wal_index.hpp"

namespace lshost::db {

/// Threads: the database's thread, but those that say otherwise. Borrows the index, whose locks nobody else touches.
/// Locks go with the index.
/// Errors: the try_ functions throw Error{transient} after try_let_go().
class WalGuard {
 public:
  /// `exclusive_checkpoints`: hold CKPT, too, whenever it can be had, so that we are the only checkpointer.
  WalGuard(sqlite::WalIndex& index, bool exclusive_checkpoints) : index_(index), exclusive_(exclusive_checkpoints) {}

  /// Takes a read slot with an infinite mark: state A. False: none is free now; a passive checkpoint frees marks that
  /// nobody uses any more, then try again.
  [[nodiscard]] bool try_guard();
  [[nodiscard]] bool is_guarded() const noexcept;
  /// State B: one restart may happen.
  [[nodiscard]] bool in_window() const noexcept;

  /// READ0 is held for a window, which is to be closed once a restart happened or can not happen any more.
  [[nodiscard]] bool is_window_open() const noexcept;

  /// Freezes the backfill for a reader of the database file (snapshots). Counted. False: somebody is backfilling now.
  [[nodiscard]] bool try_freeze();
  void unfreeze();
  [[nodiscard]] bool is_frozen() const noexcept;

  /// A to B. REQUIRES: A, and captured_frames frames of the current log are copied and durable. False: the log is not
  /// wholly backfilled and copied, or somebody is backfilling; then we are in A as before.
  [[nodiscard]] bool try_open_window(std::uint64_t captured_frames);
  /// B to A. False: a read slot or CKPT can not be had now; then we stay in B, which is safe, and try again.
  [[nodiscard]] bool try_close_window();

  /// Takes CKPT if we want to be the only checkpointer and can have it. For afterwards of our own checkpoints.
  void hold_checkpoint_lock();
  /// Lets go of CKPT, so that a connection of ours (or a recovery) can take it.
  void release_checkpoint_lock() noexcept;
  /// Held once: every checkpointer with an older header is finished. False: somebody is checkpointing.
  [[nodiscard]] bool try_flush_checkpointers();

  /// Lets go of every lock, for good: the application may restart its log from now on, whatever is copied.
  /// False: not now, because a window is open and somebody checkpoints (see above); try again.
  /// Any thread. Waits for no file: what the database's thread hangs in is none of this object's calls.
  [[nodiscard]] bool try_let_go() noexcept;
  /// Any thread. False: all that was read of log, index and database before the call was read under our locks. Ask
  /// behind a read, never before it.
  [[nodiscard]] bool has_let_go() const noexcept { return let_go_.load(); }
  /// try_let_go() sets `flag` before it lets go. Any thread. Throws Error{gone} if it has.
  void set_when_let_go(std::shared_ptr<os::SharedFlag> flag);

 private:
  [[nodiscard]] bool try_guard_locked() LSHOST_REQUIRES(mutex_);
  void drop_read0_if_unused() noexcept LSHOST_REQUIRES(mutex_);
  void check_not_let_go() const LSHOST_REQUIRES(mutex_);

  mutable Mutex mutex_;  // held over calls that never wait
  sqlite::WalIndex& index_;
  const bool exclusive_;
  std::optional<sqlite::WalLock> slot_ LSHOST_GUARDED_BY(mutex_);  // state A
  bool window_ LSHOST_GUARDED_BY(mutex_) = false;                  // READ0 is held for a window
  int freezes_ LSHOST_GUARDED_BY(mutex_) = 0;                      // READ0 is held for this many snapshots
  std::vector<std::weak_ptr<os::SharedFlag>> flags_ LSHOST_GUARDED_BY(mutex_);
  std::atomic<bool> let_go_{false};
};

}  // namespace lshost::db
