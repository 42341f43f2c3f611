#pragma once
// Threads that are started when there is work for them and kept for more.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include <lshost/cpp/context.hpp>

#include "engine/activity.hpp"

namespace lshost::engine {

/// A destination that is idle has no thread here; one that never falls behind neither.
///
/// Threads: any. Ownership: its threads keep it alive.
class Helpers : public std::enable_shared_from_this<Helpers> {
 public:
  Helpers(Context ctx, std::shared_ptr<Activity> activity) : ctx_(ctx), activity_(std::move(activity)) {}

  /// Runs `task` soon, busy, on a thread of its own. What it throws but Cancelled is its own mistake and ends the
  /// thread. Throws Error if no thread can be had; then it is not run.
  void run(std::function<void()> task);
  /// Tasks that were not begun are dropped; threads end when they are done with theirs.
  void stop();

 private:
  void work();

  const Context ctx_;
  const std::shared_ptr<Activity> activity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> tasks_;
  std::size_t idle_ = 0;
  bool stopped_ = false;
};

}  // namespace lshost::engine
