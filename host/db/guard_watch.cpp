#include "db/guard_watch.hpp"

#include "base/assert.hpp"

namespace lshost::db {

namespace {

/// What no event told is found within so many seconds. For a thousand idle databases the look at their wal-indexes,
/// each a page that is in no cache, is all that lshost does.
constexpr std::uint64_t kTicks = 5;

}  // namespace

void GuardWatch::begin(Attachment& attachment) {
  MutexLock lock(mutex_);
  LSHOST_ASSERT(attachment_ == nullptr);
  attachment_ = &attachment;
  glance_.reset();
  last_.reset();
  in_vain_ = {};
}

void GuardWatch::end() noexcept {
  MutexLock lock(mutex_);
  attachment_ = nullptr;
}

GuardWatch::Seen GuardWatch::look() noexcept {
  MutexLock lock(mutex_);
  const bool is_due = ++ticks_ % kTicks == 0;
  if (attachment_ == nullptr || (!is_due && !last_)) return {};
  Seen seen;
  const auto glance = attachment_->index().glance();
  seen.wants_a_round = glance != glance_;
  glance_ = glance;
  if (!attachment_->guard().has_let_go()) watch_limit(seen);
  return seen;
}

void GuardWatch::watch_limit(Seen& seen) {
  const auto header = attachment_->index().try_read_header();
  if (!header) return;  // being written; or its writer died, and the next one mends it
  const GuardLook now{header->salt, header->max_frame, header->page_size, attachment_->progress().now()};
  if (now.log_bytes() <= limit_bytes_) {
    last_.reset();
    in_vain_ = {};
    return;
  }
  if (last_) in_vain_ = count_look(in_vain_, *last_, now, limit_bytes_);
  last_ = now;
  seen.wants_a_round = true;
  const auto why = why_let_go(in_vain_, now);
  if (!why || !attachment_->guard().try_let_go()) return;
  seen.let_go = why;
  seen.log_bytes = now.log_bytes();
  last_.reset();
}

}  // namespace lshost::db
