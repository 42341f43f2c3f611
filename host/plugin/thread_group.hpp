#pragma once
// The threads that a replica's plugin works in: named, without signals, joined by the host.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/condition.hpp"
#include "base/mutex.hpp"

namespace lshost::plugin {

/// Thread-safe; join() from one thread at a time, and from none of the group's.
/// REQUIRES: empty or joined when it is destroyed.
class ThreadGroup {
 public:
  /// Runs `work` on a thread of that name (cut to what the kernel keeps). Throws Error{transient} where there can be no
  /// more threads.
  void spawn(const std::string& name, std::function<void()> work) LSHOST_EXCLUDES(mutex_);

  /// Waits for all threads, at most until `deadline` (nullopt: for ever). True: there are none any more.
  [[nodiscard]] bool join(std::optional<std::chrono::steady_clock::time_point> deadline) LSHOST_EXCLUDES(mutex_);

 private:
  void run(const std::string& name, const std::function<void()>& work) LSHOST_EXCLUDES(mutex_);

  Mutex mutex_;
  Condition ended_;
  std::size_t running_ LSHOST_GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> threads_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::plugin
