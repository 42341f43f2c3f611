#pragma once
// What a database's thread gets done, counted for those who watch it from outside.

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/mutex.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

/// Threads: any. None of the calls waits for anything but each other.
class Progress {
 public:
  struct Captured {
    wal::Salt salt;  ///< of which log
    std::uint64_t frames = 0;
  };
  struct Now {
    std::uint64_t steps = 0;           ///< more than before: it moves
    std::optional<Captured> captured;  ///< nullopt: it is not known yet where capture goes on
    bool is_checkpointing = false;  ///< SQLite reads and writes the application's files: how long is its disk's affair
  };

  /// Something was finished that can not be repeated for ever: a round, a slice of a file.
  void step() noexcept { ++steps_; }
  /// So many frames of that log are copied. A step, if it is more than before.
  void captured(const wal::Salt& salt, std::uint64_t frames) noexcept {
    MutexLock lock(mutex_);
    if (captured_ && captured_->salt == salt && captured_->frames == frames) return;
    captured_ = Captured{salt, frames};
    ++steps_;
  }
  void set_checkpointing(bool is_checkpointing) noexcept { is_checkpointing_ = is_checkpointing; }
  [[nodiscard]] Now now() const noexcept {
    MutexLock lock(mutex_);
    return {steps_.load(), captured_, is_checkpointing_.load()};
  }

 private:
  std::atomic<std::uint64_t> steps_{0};
  std::atomic<bool> is_checkpointing_{false};
  mutable Mutex mutex_;
  std::optional<Captured> captured_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::db
