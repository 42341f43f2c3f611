#pragma once
// What a test double does on behalf of a test: a function that the test gives, changes and takes back while other
// threads call it.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace lshost::test {

template <class Signature>
class Hook;

/// Threads: any, also several calls at once. Giving another function (or none) waits until nobody is inside the one
/// before: what that one refers to may go then. So a hook is never changed from within itself. What a hook refers to
/// is declared before the double that calls it, or the hook is taken back before it goes.
template <class Result, class... Arguments>
class Hook<Result(Arguments...)> {
 public:
  using Function = std::function<Result(Arguments...)>;

  Hook& operator=(Function function) {
    std::unique_lock hold(mutex_);
    const std::weak_ptr<Function> before = function_;
    function_ = function ? std::make_shared<Function>(std::move(function)) : nullptr;
    left_.wait(hold, [&] { return before.expired(); });
    return *this;
  }

  /// What the function says; `otherwise` if there is none.
  template <class Otherwise>
  Result call_or(Otherwise&& otherwise, Arguments... arguments) const {
    const Inside inside(*this);
    if (!inside.function) return std::forward<Otherwise>(otherwise);
    return (*inside.function)(arguments...);
  }

  /// Nothing if there is none.
  void call(Arguments... arguments) const {
    const Inside inside(*this);
    if (inside.function) (*inside.function)(arguments...);
  }

 private:
  struct Inside {
    explicit Inside(const Hook& of) : hook(of) {
      const std::lock_guard hold(hook.mutex_);
      function = hook.function_;
    }
    ~Inside() {
      const std::lock_guard hold(hook.mutex_);
      function.reset();
      hook.left_.notify_all();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    const Hook& hook;
    std::shared_ptr<Function> function;
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable left_;
  std::shared_ptr<Function> function_;
};

}  // namespace lshost::test
