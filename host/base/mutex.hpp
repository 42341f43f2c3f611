#pragma once
// A mutex that clang's thread-safety analysis understands. Under g++ the annotations are empty.

#include <mutex>

#if defined(__clang__)
#define LSHOST_TSA(x) __attribute__((x))
#else
#define LSHOST_TSA(x)
#endif
#define LSHOST_CAPABILITY(name) LSHOST_TSA(capability(name))
#define LSHOST_SCOPED_CAPABILITY LSHOST_TSA(scoped_lockable)
#define LSHOST_GUARDED_BY(mutex) LSHOST_TSA(guarded_by(mutex))
#define LSHOST_REQUIRES(...) LSHOST_TSA(requires_capability(__VA_ARGS__))
#define LSHOST_EXCLUDES(...) LSHOST_TSA(locks_excluded(__VA_ARGS__))
#define LSHOST_ACQUIRE(...) LSHOST_TSA(acquire_capability(__VA_ARGS__))
#define LSHOST_RELEASE(...) LSHOST_TSA(release_capability(__VA_ARGS__))
#define LSHOST_NO_TSA LSHOST_TSA(no_thread_safety_analysis)

namespace lshost {

class LSHOST_CAPABILITY("mutex") Mutex {
 public:
  void lock() LSHOST_ACQUIRE() { mutex_.lock(); }
  void unlock() LSHOST_RELEASE() { mutex_.unlock(); }
  /// For Condition.
  [[nodiscard]] std::mutex& native() noexcept { return mutex_; }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class LSHOST_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LSHOST_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() LSHOST_RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  void lock() LSHOST_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }
  void unlock() LSHOST_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  [[nodiscard]] Mutex& mutex() const noexcept { return mutex_; }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

}  // namespace lshost
