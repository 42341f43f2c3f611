#pragma once
// Work that other threads hand to the one that owns a database.

#include <functional>
#include <vector>

#include "base/mutex.hpp"
#include "base/wake_up.hpp"

namespace lshost::db {

/// Closed at first: what is handed to a closed one is dropped.
/// Ownership: borrows the wake-up that its owner waits on.
/// Threads:   run_and_wait() and post() from any but the owner; open(), run_all() and close() by the owner.
class TaskInbox {
 public:
  using Task = std::function<void()>;

  explicit TaskInbox(WakeUp& wake_up) : wake_up_(wake_up) {}

  /// Runs `task` on the owner's thread and waits for it; throws what it throws. False: closed before it ran.
  [[nodiscard]] bool run_and_wait(Task task) LSHOST_EXCLUDES(mutex_);
  void post(Task task) noexcept LSHOST_EXCLUDES(mutex_);

  void open() LSHOST_EXCLUDES(mutex_);
  /// Runs what was handed in so far.
  void run_all() LSHOST_EXCLUDES(mutex_);
  /// Drops what has not run, which ends the waits of those who asked.
  void close() LSHOST_EXCLUDES(mutex_);

 private:
  WakeUp& wake_up_;
  Mutex mutex_;
  std::vector<Task> tasks_ LSHOST_GUARDED_BY(mutex_);
  bool is_open_ LSHOST_GUARDED_BY(mutex_) = false;
};

}  // namespace lshost::db
