#include "plugin/thread_group.hpp"

#include <pthread.h>
#include <csignal>

#include <system_error>
#include <utility>

#include "base/error.hpp"

namespace lshost::plugin {
namespace {

/// Blocks all signals that are not about the thread itself; a thread inherits what its maker had blocked.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&all, fault);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

void ThreadGroup::run(const std::string& name, const std::function<void()>& work) {
  constexpr std::size_t kNameMax = 15;  // the kernel's
  (void)pthread_setname_np(pthread_self(), name.substr(0, kNameMax).c_str());
  work();
  const MutexLock lock(mutex_);
  --running_;
  ended_.notify_all();
}

void ThreadGroup::spawn(const std::string& name, std::function<void()> work) {
  const MutexLock lock(mutex_);
  const SignalsBlocked blocked;
  threads_.reserve(threads_.size() + 1);  // so that nothing can fail once the thread is there
  try {
    threads_.emplace_back([this, name, work = std::move(work)] { run(name, work); });
  } catch (const std::system_error& e) {
    throw Error(ErrorCode::transient, "start thread " + name + ": " + e.code().message());
  }
  ++running_;
}

bool ThreadGroup::join(std::optional<std::chrono::steady_clock::time_point> deadline) {
  std::vector<std::thread> ended;
  {
    MutexLock lock(mutex_);
    if (!ended_.wait(lock, deadline, [this]() LSHOST_REQUIRES(mutex_) { return running_ == 0; })) return false;
    ended.swap(threads_);
  }
  for (std::thread& thread : ended) thread.join();
  return true;
}

}  // namespace lshost::plugin
