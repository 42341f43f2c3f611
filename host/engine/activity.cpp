#include "engine/activity.hpp"

#include <algorithm>

namespace lshost::engine {

void Activity::pause(std::chrono::milliseconds duration) const {
  constexpr std::chrono::milliseconds kSlice(1000);  // a start over a run that nobody cancelled is noticed by then
  for (auto left = duration; left.count() > 0; left -= kSlice) {
    throw_if_stopped();
    ctx_.Sleep(std::min(left, kSlice));
  }
  throw_if_stopped();
}

void Activity::stop() {
  stopped_ = true;
  std::unique_lock hold(mutex_);
  idle_.wait(hold, [&] { return busy_ == 0; });
}

void Activity::enter() {
  const std::lock_guard hold(mutex_);
  if (stopped_) throw Cancelled{};
  ++busy_;
}

void Activity::leave() {
  const std::lock_guard hold(mutex_);
  --busy_;
  idle_.notify_all();  // under the lock: whoever waits may take this object down at once
}

}  // namespace lshost::engine
