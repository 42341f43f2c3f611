#pragma once
// What threads wait on that share a Mutex: a condition variable, and a stop token that ends its waits.
//
// Not std::condition_variable_any: that one has a mutex of its own, which a notifier holds while it wakes, so that the
// woken thread's first act is to wait again. Two such hand-overs lie between a commit and its replica.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/mutex.hpp"

namespace lshost {

/// Threads: all from any thread. Notify without the mutex held where the waiter may not destroy the condition
/// meanwhile. REQUIRES of each wait: `lock` is held; it is held again when the wait returns, also in `ready`.
class Condition {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // nullopt: no end

  void notify_one() noexcept { changed_.notify_one(); }
  void notify_all() noexcept { changed_.notify_all(); }

  /// Waits until `ready()`; gives what it is at the end.
  template <class Ready>
  bool wait(MutexLock& lock, const Deadline& deadline, Ready ready) LSHOST_NO_TSA {
    return wait(lock, std::stop_token(), deadline, ready);
  }

  /// The same, and ends when stop is requested.
  template <class Ready>
  bool wait(MutexLock& lock, const std::stop_token& stop, const Deadline& deadline, Ready ready) LSHOST_NO_TSA {
    if (ready() || stop.stop_requested()) return ready();
    // Without the lock, which the callback takes: it may run here and now, and to unregister it is to wait for it.
    lock.unlock();
    {
      const std::stop_callback wake(stop, [this, &lock] {
        {
          const MutexLock barrier(lock.mutex());
        }  // whoever looked at the token before is asleep by now
        changed_.notify_all();
      });
      std::unique_lock<std::mutex> native(lock.mutex().native());
      bool has_time = true;
      while (has_time && !ready() && !stop.stop_requested()) {
        if (deadline) {
          has_time = changed_.wait_until(native, *deadline) == std::cv_status::no_timeout;
        } else {
          changed_.wait(native);
        }
      }
    }
    lock.lock();
    return ready();
  }

 private:
  std::condition_variable changed_;
};

}  // namespace lshost
