#include "db/wal_guard.hpp"

#include "base/assert.hpp"

namespace lshost::db {

using sqlite::WalLock;

bool WalGuard::try_guard() {
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
  if (freezes_ == 0 && !window_ && !index_.try_lock_shared(WalLock::read0)) return false;
  ++freezes_;
  return true;
}

void WalGuard::unfreeze() {
  LSHOST_ASSERT(freezes_ > 0);
  --freezes_;
  drop_read0_if_unused();
}

bool WalGuard::try_open_window(std::uint64_t captured_frames) {
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
  LSHOST_ASSERT(window_);
  if (!slot_ && !try_guard()) return false;
  // From here both are held, which is safe for as long as it takes to get CKPT.
  if (!index_.holds(WalLock::checkpoint) && !index_.try_lock_exclusive(WalLock::checkpoint)) return false;
  window_ = false;
  drop_read0_if_unused();
  if (!exclusive_) index_.unlock(WalLock::checkpoint);
  return true;
}

bool WalGuard::try_flush_checkpointers() {
  if (index_.holds(WalLock::checkpoint)) return true;
  if (!index_.try_lock_exclusive(WalLock::checkpoint)) return false;
  if (!exclusive_) index_.unlock(WalLock::checkpoint);
  return true;
}

void WalGuard::hold_checkpoint_lock() {
  if (exclusive_ && !index_.holds(WalLock::checkpoint)) (void)index_.try_lock_exclusive(WalLock::checkpoint);
}

void WalGuard::release_checkpoint_lock() noexcept {
  if (index_.holds(WalLock::checkpoint)) index_.unlock(WalLock::checkpoint);
}

void WalGuard::drop_read0_if_unused() noexcept {
  if (!window_ && freezes_ == 0 && index_.holds(WalLock::read0)) index_.unlock(WalLock::read0);
}

}  // namespace lshost::db
