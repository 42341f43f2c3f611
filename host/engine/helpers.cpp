#include "engine/helpers.hpp"

namespace lshost::engine {

void Helpers::run(std::function<void()> task) {
  std::unique_lock hold(mutex_);
  if (stopped_) throw Cancelled{};
  if (idle_ <= tasks_.size()) {
    ctx_.Spawn("engine", [self = shared_from_this()] { self->work(); });
    ++idle_;  // it comes for this task
  }
  tasks_.push_back(std::move(task));
  hold.unlock();
  changed_.notify_one();
}

void Helpers::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard hold(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
  }
  changed_.notify_all();
}

void Helpers::work() {
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [&] { return stopped_ || !tasks_.empty(); });
    if (stopped_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    --idle_;
    hold.unlock();
    {
      const Activity::Busy busy(*activity_);
      task();
      task = nullptr;
    }
    hold.lock();
    ++idle_;
  }
}

}  // namespace lshost::engine
