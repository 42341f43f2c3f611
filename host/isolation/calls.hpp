#pragma once
// Requests that wait for a plugin's process: their answers find them by number, and all of them fail when it ends.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "base/condition.hpp"
#include "base/error.hpp"
#include "base/mutex.hpp"
#include "isolation/messages.hpp"

namespace lshost::isolation {

/// One request. Thread-safe.
class Call {
 public:
  /// The answer's body. Throws the answer's error, and Error{transient} where there was none within `limit`.
  [[nodiscard]] Bytes wait(std::optional<std::chrono::milliseconds> limit) LSHOST_EXCLUDES(mutex_);
  /// Of a request that opens a stream: waits for the word behind its last byte. Throws what ended it early.
  void wait_for_end() LSHOST_EXCLUDES(mutex_);

 private:
  friend class CallTable;
  void set_reply(Reply reply) LSHOST_EXCLUDES(mutex_);
  void set_end(std::optional<Error> error) LSHOST_EXCLUDES(mutex_);

  Mutex mutex_;
  Condition changed_;
  std::optional<Reply> reply_ LSHOST_GUARDED_BY(mutex_);
  bool has_ended_ LSHOST_GUARDED_BY(mutex_) = false;
  std::optional<Error> end_error_ LSHOST_GUARDED_BY(mutex_);
};

/// The requests of one process. Thread-safe.
class CallTable {
 public:
  struct Added {
    std::uint64_t id = 0;
    std::shared_ptr<Call> call;
  };
  [[nodiscard]] Added add() LSHOST_EXCLUDES(mutex_);
  /// Nobody waits any more.
  void forget(std::uint64_t id) LSHOST_EXCLUDES(mutex_);
  /// False: nothing of that number was asked for, or it was answered.
  [[nodiscard]] bool reply(std::uint64_t id, Reply reply) LSHOST_EXCLUDES(mutex_);
  void end_stream(std::uint64_t id, std::optional<Error> error) LSHOST_EXCLUDES(mutex_);
  /// The process is gone: nothing will be answered, and what is asked now fails as well.
  void fail_all(const Error& error) LSHOST_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::uint64_t next_id_ LSHOST_GUARDED_BY(mutex_) = 1;
  std::optional<Error> failed_ LSHOST_GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::shared_ptr<Call>> calls_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::isolation
