#pragma once
// What stop means to the threads of one run: nothing more begins, what goes on ends soon, and stop waits for that.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <lshost/cpp/context.hpp>

namespace lshost::engine {

/// Threads: any. Errors: Cancelled where the run is to stop.
class Activity {
 public:
  explicit Activity(Context ctx) : ctx_(ctx) {}

  /// While it lives, stop() waits. A thread that only waits for more work holds none.
  class Busy {
   public:
    explicit Busy(Activity& activity) : activity_(activity) { activity_.enter(); }
    ~Busy() { activity_.leave(); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Activity& activity_;
  };

  [[nodiscard]] bool is_stopped() const noexcept { return stopped_; }
  void throw_if_stopped() const {
    if (stopped_) throw Cancelled{};
    ctx_.ThrowIfStopping();
  }
  /// For back-off.
  void pause(std::chrono::milliseconds duration) const;
  /// Returns when nobody is busy. Others that wait are told to end.
  void stop();

 private:
  void enter();
  void leave();

  const Context ctx_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::condition_variable idle_;
  int busy_ = 0;  // guarded by mutex_
};

}  // namespace lshost::engine
