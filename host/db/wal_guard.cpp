#include "db/wal_guard.hpp"

#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace lshost::db {

using sqlite::WalLock;

bool WalGuard::is_guarded() const noexcept {
  MutexLock lock(mutex_);
  return slot_.has_value();
}

bool WalGuard::in_window() const noexcept {
  MutexLock lock(mutex_);
  return window_ && !slot_;
}

bool WalGuard::is_window_open() const noexcept {
  MutexLock lock(mutex_);
  return window_;
}

bool WalGuard::is_frozen() const noexcept {
  MutexLock lock(mutex_);
  return freezes_ > 0;
}

bool WalGuard::try_guard() {
  MutexLock lock(mutex_);
  check_not_let_go();
  return try_guard_locked();
}

bool WalGuard::try_guard_locked() {
  LSHOST_ASSERT(!slot_);
  for (const WalLock slot : {WalLock::read4, WalLock::read3, WalLock::read2, WalLock::read1}) {
    if (!index_.try_lock_shared(slot)) continue;
    // Marks change only under an exclusive lock of the slot, so what we see now stays for as long as we hold it.
    if (index_.read_mark(slot) == sqlite::kReadMarkNotUsed) {
      slot_ = slot;
      return true;
    }
    index_.unlock(slot);
  }
  return false;
}

bool WalGuard::try_freeze() {
  MutexLock lock(mutex_);
  check_not_let_go();
  if (freezes_ == 0 && !window_ && !index_.try_lock_shared(WalLock::read0)) return false;
  ++freezes_;
  return true;
}

void WalGuard::unfreeze() {
  MutexLock lock(mutex_);
  LSHOST_ASSERT(freezes_ > 0);
  --freezes_;
  drop_read0_if_unused();
}

bool WalGuard::try_open_window(std::uint64_t captured_frames) {
  MutexLock lock(mutex_);
  check_not_let_go();
  LSHOST_ASSERT(slot_ && !window_);
  if (freezes_ == 0 && !index_.try_lock_shared(WalLock::read0)) return false;
  window_ = true;
  // Frozen from here: what is read now can not grow. A restart is only possible if all frames are backfilled, and
  // harmless only if all backfilled ones are copied.
  const auto header = index_.try_read_header();
  const std::uint32_t backfilled = index_.backfilled_frames();
  if (!header || header->max_frame == 0 || backfilled != header->max_frame || captured_frames < backfilled) {
    window_ = false;
    drop_read0_if_unused();
    return false;
  }
  index_.unlock(*slot_);
  slot_.reset();
  return true;
}

bool WalGuard::try_close_window() {
  MutexLock lock(mutex_);
  check_not_let_go();
  LSHOST_ASSERT(window_);
  if (!slot_ && !try_guard_locked()) return false;
  // From here both are held, which is safe for as long as it takes to get CKPT.
  if (!index_.holds(WalLock::checkpoint) && !index_.try_lock_exclusive(WalLock::checkpoint)) return false;
  window_ = false;
  drop_read0_if_unused();
  if (!exclusive_) index_.unlock(WalLock::checkpoint);
  return true;
}

bool WalGuard::try_flush_checkpointers() {
  MutexLock lock(mutex_);
  check_not_let_go();
  if (index_.holds(WalLock::checkpoint)) return true;
  if (!index_.try_lock_exclusive(WalLock::checkpoint)) return false;
  if (!exclusive_) index_.unlock(WalLock::checkpoint);
  return true;
}

void WalGuard::hold_checkpoint_lock() {
  MutexLock lock(mutex_);
  if (exclusive_ && !let_go_ && !index_.holds(WalLock::checkpoint))
    (void)index_.try_lock_exclusive(WalLock::checkpoint);
}

void WalGuard::release_checkpoint_lock() noexcept {
  MutexLock lock(mutex_);
  if (index_.holds(WalLock::checkpoint)) index_.unlock(WalLock::checkpoint);
}

bool WalGuard::try_let_go() noexcept {
  MutexLock lock(mutex_);
  if (let_go_) return true;
  try {
    // As in try_close_window: a checkpointer from before the restart that a window allows must be gone before READ0 is.
    if (window_ && !index_.holds(WalLock::checkpoint) && !index_.try_lock_exclusive(WalLock::checkpoint)) return false;
  } catch (const Error&) {
    return false;
  }
  // First, so that whoever reads something that our locks no longer protect finds it set afterwards.
  let_go_ = true;
  for (const auto& weak : flags_) {
    if (const auto flag = weak.lock()) flag->set();
  }
  if (slot_) index_.unlock(*slot_);
  slot_.reset();
  window_ = false;
  for (const WalLock held : {WalLock::read0, WalLock::checkpoint}) {
    if (index_.holds(held)) index_.unlock(held);
  }
  return true;
}

void WalGuard::set_when_let_go(std::shared_ptr<os::SharedFlag> flag) {
  MutexLock lock(mutex_);
  if (let_go_) throw Error(ErrorCode::gone, "the log was let go");
  std::erase_if(flags_, [](const auto& weak) { return weak.expired(); });
  flags_.push_back(std::move(flag));
}

void WalGuard::check_not_let_go() const {
  if (let_go_) throw Error(ErrorCode::transient, "the log was let go");
}

void WalGuard::drop_read0_if_unused() noexcept {
  if (!window_ && freezes_ == 0 && index_.holds(WalLock::read0)) index_.unlock(WalLock::read0);
}

}  // namespace lshost::db
