#pragma once
// Makes chosen file operations of a FaultingFs hang until a test lets them go on: a disk that does not answer.

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "support/faulting_fs.hpp"
#include "support/wait_until.hpp"

namespace lshost::test {

/// Ownership: borrows `fs`; lives longer than who uses that. Threads: any.
class Gate {
 public:
  explicit Gate(FaultingFs& fs) {
    fs.before_each([this](const FsOperation& operation) { enter(operation.op); });
  }

  /// From now on operations of that step hang.
  void close(const std::string& op) {
    const std::lock_guard lock(mutex_);
    steps_[op].is_closed = true;
  }
  /// Those of that step that hang, and all to come, go on.
  void open(const std::string& op) {
    const std::lock_guard lock(mutex_);
    steps_[op].is_closed = false;
    changed_.notify_all();
  }
  void open() {
    const std::lock_guard lock(mutex_);
    for (auto& [op, step] : steps_) step.is_closed = false;
    changed_.notify_all();
  }
  /// One of those that hang goes on. REQUIRES: one hangs.
  void let_one_through(const std::string& op) {
    const std::lock_guard lock(mutex_);
    ++steps_[op].passes;
    changed_.notify_all();
  }
  [[nodiscard]] bool wait_until_one_hangs(const std::string& op) {
    return wait_until([&] {
      const std::lock_guard lock(mutex_);
      return steps_[op].hanging > steps_[op].passes;
    });
  }

 private:
  struct Step {
    bool is_closed = false;
    int hanging = 0;
    int passes = 0;
  };

  void enter(const std::string& op) {
    std::unique_lock lock(mutex_);
    const auto found = steps_.find(op);
    if (found == steps_.end() || !found->second.is_closed) return;
    Step& step = found->second;
    ++step.hanging;
    changed_.wait(lock, [&] { return step.passes > 0 || !step.is_closed; });
    --step.hanging;
    if (step.passes > 0) --step.passes;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Step> steps_;
};

}  // namespace lshost::test
