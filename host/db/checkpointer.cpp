#include "db/checkpointer.hpp"

#include <future>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace lshost::db {

namespace {

/// How long a forced window may keep writers waiting before it gives up for this time.
constexpr std::chrono::milliseconds kForcedDeadline(100);
/// A writer that never pauses lets go of the write lock for some ten microseconds at a time: for so long we try without
/// a pause to get it in between, and with pauses after that.
constexpr std::chrono::milliseconds kForcedHurry(20);
constexpr std::chrono::microseconds kForcedPause(200);

}  // namespace

Checkpointer::Checkpointer(Attachment& attachment, Capture& capture, CheckpointRules rules, const Clock& clock)
    : attachment_(attachment), capture_(capture), rules_(rules), clock_(clock), last_(clock.steady_now()) {}

CheckpointInput Checkpointer::input() const {
  const auto glance = attachment_.index().glance();
  return {glance.max_frame,
          attachment_.index().backfilled_frames(),
          clock_.steady_now() - last_,
          capture_.has_wrong_checksums(),
          failed_heals_,
          slow_tails_};
}

std::optional<std::chrono::nanoseconds> Checkpointer::next_due() const { return next_checkpoint(rules_, input()); }

bool Checkpointer::run_if_due() {
  switch (choose_checkpoint(rules_, input())) {
    case CheckpointChoice::none:
      return false;
    case CheckpointChoice::passive:
      run_passive();
      break;
    case CheckpointChoice::force:
      run_forced();
      break;
    case CheckpointChoice::heal:
      run_healing();
      break;
  }
  last_ = clock_.steady_now();
  return true;
}

std::uint32_t Checkpointer::pass() {
  const std::uint32_t log_frames = input().log_frames;
  (void)attachment_.checkpoint(sqlite::CheckpointMode::passive);
  const std::uint32_t earlier = std::exchange(log_frames_of_pass_, log_frames);
  return earlier <= log_frames ? earlier : 0;
}

void Checkpointer::run_passive() {
  (void)pass();
  (void)try_open_window();
}

/// A sick log is not left to the next writer, who may take a day to come.
bool Checkpointer::try_open_window() { return !capture_.has_wrong_checksums() && open_window(); }

bool Checkpointer::open_window() {
  const auto header = attachment_.index().try_read_header();
  if (!header || header->max_frame == 0 || attachment_.index().backfilled_frames() != header->max_frame) return false;
  return copy_tail() && open_window_over(*header);
}

bool Checkpointer::copy_tail() {
  if (capture_.round().kind == Round::Kind::broken) return false;  // the next ordinary round sees it again and acts
  capture_.sync_shadow();
  return true;
}

bool Checkpointer::open_window_over(const sqlite::IndexHeader& header) {
  if (!attachment_.guard().try_open_window(capture_.captured_frames(header))) return false;
  capture_.expect_restart();
  return true;
}

void Checkpointer::run_forced() {
  // First what can be done while writers go on, so that they wait for the rest only.
  const CheckpointInput before = input();
  const auto pass_begin = clock_.steady_now();
  const std::uint32_t earlier_log_frames = pass();
  const CheckpointInput after = input();
  if (after.backfilled_frames > before.backfilled_frames) {
    pace_ = {after.backfilled_frames - before.backfilled_frames, clock_.steady_now() - pass_begin};
  }
  if (!may_force(rules_, after, {pace_, earlier_log_frames})) return;
  if (copy_tail()) restart_log(sqlite::CheckpointMode::restart);
}

void Checkpointer::run_healing() {
  (void)pass();
  const CheckpointInput after = input();
  const bool is_little = after.log_frames <= after.backfilled_frames + rules_.min_pages;  // for writers to wait for
  if (is_little && copy_tail()) restart_log(sqlite::CheckpointMode::truncate);
  failed_heals_ = attachment_.guard().in_window() ? 0 : failed_heals_ + 1;
}

void Checkpointer::restart_log(sqlite::CheckpointMode mode) {
  const auto begin = clock_.steady_now();
  const auto tail_wait = tail_wait_max(rules_, input().log_frames);
  std::exception_ptr failure;
  std::future<bool> tail;  // of copy_tail() on a thread of its own; valid afterwards: writers did not wait for its end
  bool gives_up = false;
  // While this is called the write lock is held, and everything is moved once only our own slot is in the way.
  const auto try_once = [&] {
    const auto header = attachment_.index().try_read_header();
    if (!header || header->max_frame == 0 || attachment_.index().backfilled_frames() != header->max_frame) return false;
    if (capture_.captured_frames(*header) < header->max_frame) {
      tail = std::async(std::launch::async, [this] { return copy_tail(); });
      gives_up = tail.wait_for(tail_wait) != std::future_status::ready || !tail.get();
      if (gives_up) return false;
    }
    return open_window_over(*header);
  };
  (void)attachment_.checkpoint(mode, [&](int) {
    try {
      if (attachment_.guard().in_window()) return false;
      if (try_once()) return true;  // once more: now the read slots are free
      if (gives_up || clock_.steady_now() - begin >= kForcedDeadline) return false;
    } catch (...) {
      failure = std::current_exception();
      return false;
    }
    if (clock_.steady_now() - begin < kForcedHurry) {
      std::this_thread::yield();
    } else {
      pause_for(kForcedPause);
    }
    return true;
  });
  slow_tails_ = tail.valid() ? slow_tails_ + 1 : 0;
  if (tail.valid()) (void)tail.get();  // nothing of ours is touched before it has ended
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lshost::db
