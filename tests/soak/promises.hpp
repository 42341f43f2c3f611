#pragma once
// What a running host told of its replica: the positions that it called durable.

#include <optional>
#include <string>
#include <thread>

#include "base/mutex.hpp"
#include "db/position.hpp"

namespace lshost::test {

/// Asks the host's control socket again and again, in a thread of its own, while it lives.
///
/// Threads: newest() from any.
class Promises {
 public:
  explicit Promises(std::string socket);
  ~Promises();
  Promises(const Promises&) = delete;
  Promises& operator=(const Promises&) = delete;

  /// The last durable position of the first database's first replica that the host spoke of; nullopt: none yet.
  [[nodiscard]] std::optional<db::Position> newest() const LSHOST_EXCLUDES(mutex_);

 private:
  void ask(const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);

  const std::string socket_;
  mutable Mutex mutex_;
  std::optional<db::Position> newest_ LSHOST_GUARDED_BY(mutex_);
  std::jthread thread_;
};

/// "generation/index:offset" as it is printed.
[[nodiscard]] db::Position position_of(const std::string& text);

}  // namespace lshost::test
