#pragma once
// Wakes one waiting thread. A latch, not a queue.

#include <algorithm>
#include <chrono>
#include <stop_token>

#include "base/clock.hpp"
#include "base/condition.hpp"
#include "base/mutex.hpp"

namespace lshost {

/// Any number of notify() calls between two waits cause one wake-up.
/// Threads: notify() from any thread, wait() from one. notify() never waits for the woken thread's work.
class WakeUp {
 public:
  void notify() LSHOST_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      pending_ = true;
    }
    changed_.notify_one();
  }

  /// Waits until notified or until stop is requested. Returns false only when stop was requested.
  [[nodiscard]] bool wait(const std::stop_token& stop) LSHOST_EXCLUDES(mutex_) {
    return wait_until(stop, std::nullopt);
  }

  /// The same, and at most for `timeout`.
  [[nodiscard]] bool wait_for(const std::stop_token& stop, std::chrono::nanoseconds timeout) LSHOST_EXCLUDES(mutex_) {
    return wait_until(stop, std::chrono::steady_clock::now() + std::min(timeout, kLongestWait));
  }

 private:
  [[nodiscard]] bool wait_until(const std::stop_token& stop, const Condition::Deadline& deadline)
      LSHOST_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    changed_.wait(lock, stop, deadline, [this]() LSHOST_REQUIRES(mutex_) { return pending_; });
    pending_ = false;
    return !stop.stop_requested();
  }

  Mutex mutex_;
  Condition changed_;
  bool pending_ LSHOST_GUARDED_BY(mutex_) = false;
};

}  // namespace lshost
