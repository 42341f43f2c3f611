#pragma once
// Lets calls in until it is closed, and then waits until the last one is out.
//
// A plugin that did not stop in time keeps its threads. Closing the gate makes sure that they never again reach what is
// about to be destroyed behind it (a feed, an observer).

#include <cstdint>

#include "base/condition.hpp"
#include "base/mutex.hpp"

namespace lshost::plugin {

/// Thread-safe.
class CallGate {
 public:
  /// Being inside. Test it: a closed gate lets nobody in.
  class Pass {
   public:
    explicit Pass(CallGate* gate) noexcept : gate_(gate) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }
    [[nodiscard]] explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    CallGate* gate_;
  };

  [[nodiscard]] Pass enter() LSHOST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (closed_) return Pass(nullptr);
    ++inside_;
    return Pass(this);
  }

  /// REQUIRES: whoever is inside leaves soon: their waits have been cancelled.
  void close() LSHOST_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    closed_ = true;
    left_.wait(lock, std::nullopt, [this]() LSHOST_REQUIRES(mutex_) { return inside_ == 0; });
  }

 private:
  void leave() LSHOST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    --inside_;
    if (closed_) left_.notify_all();
  }

  Mutex mutex_;
  Condition left_;
  std::uint64_t inside_ LSHOST_GUARDED_BY(mutex_) = 0;
  bool closed_ LSHOST_GUARDED_BY(mutex_) = false;
};

}  // namespace lshost::plugin
