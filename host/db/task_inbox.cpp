#include "db/task_inbox.hpp"

#include <exception>
#include <future>
#include <memory>
#include <utility>

namespace lshost::db {

bool TaskInbox::run_and_wait(Task task) {
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> finished = done->get_future();
  // Not in the promise, which the owner's thread may let go of last: whoever gets the exception also destroys it.
  const auto failure = std::make_shared<std::exception_ptr>();
  {
    MutexLock lock(mutex_);
    if (!is_open_) return false;
    tasks_.emplace_back([task = std::move(task), done, failure] {
      try {
        task();
      } catch (...) {
        *failure = std::current_exception();
      }
      done->set_value();
    });
  }
  wake_up_.notify();
  done.reset();  // the task has the last reference: if it is dropped, the wait below ends
  try {
    finished.get();
  } catch (const std::future_error&) {
    return false;
  }
  if (*failure) std::rethrow_exception(std::exchange(*failure, nullptr));
  return true;
}

void TaskInbox::post(Task task) noexcept {
  {
    MutexLock lock(mutex_);
    if (!is_open_) return;
    tasks_.push_back(std::move(task));
  }
  wake_up_.notify();
}

void TaskInbox::open() {
  MutexLock lock(mutex_);
  is_open_ = true;
}

void TaskInbox::run_all() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const Task& task : tasks) task();
}

void TaskInbox::close() {
  std::vector<Task> dropped;  // goes after the lock: whoever waits for one of them wakes
  MutexLock lock(mutex_);
  is_open_ = false;
  dropped.swap(tasks_);
}

}  // namespace lshost::db
