#include "db/checkpointer.hpp"

#include <thread>

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
  return {glance.max_frame, attachment_.index().backfilled_frames(), clock_.steady_now() - last_};
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
  }
  last_ = clock_.steady_now();
  return true;
}

void Checkpointer::run_passive() {
  (void)attachment_.checkpoint(sqlite::CheckpointMode::passive);
  (void)try_open_window();
}

bool Checkpointer::try_open_window() {
  const auto header = attachment_.index().try_read_header();
  if (!header || header->max_frame == 0 || attachment_.index().backfilled_frames() != header->max_frame) return false;
  if (capture_.round().kind == Round::Kind::broken) return false;  // the next ordinary round sees it again and acts
  capture_.sync_shadow();
  if (!attachment_.guard().try_open_window(capture_.captured_frames(*header))) return false;
  capture_.expect_restart();
  return true;
}

void Checkpointer::run_forced() {
  // First what can be done while writers go on, so that they wait for the rest only.
  const CheckpointInput before = input();
  const auto passive_begin = clock_.steady_now();
  (void)attachment_.checkpoint(sqlite::CheckpointMode::passive);
  const CheckpointInput after = input();
  if (after.backfilled_frames > before.backfilled_frames) {
    pace_ = {after.backfilled_frames - before.backfilled_frames, clock_.steady_now() - passive_begin};
  }
  if (!may_force(rules_, after, pace_)) return;
  if (capture_.round().kind == Round::Kind::broken) return;
  capture_.sync_shadow();
  const auto begin = clock_.steady_now();
  std::exception_ptr failure;
  (void)attachment_.checkpoint(sqlite::CheckpointMode::restart, [&](int) {
    try {
      if (attachment_.guard().in_window()) return false;
      if (try_open_window()) return true;  // once more: now the read slots are free
      if (clock_.steady_now() - begin >= kForcedDeadline) return false;
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
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lshost::db
