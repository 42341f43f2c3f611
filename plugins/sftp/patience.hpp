#pragma once
// How long to wait for a server, and who may end the wait: every wait of this plugin is one of these.

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <lshost/cpp/error.hpp>

namespace lshost::sftp {

/// The connection is gone, or the server does not answer on it: another one may do better.
class ConnectionLost : public Error {
 public:
  explicit ConnectionLost(std::string message)
      : Error(LSHOST_E_UNAVAILABLE, std::move(message), LSHOST_ERR_RETRYABLE) {}
};

/// A limit for one thing to happen. Threads: `stopping` is called on the waiting one.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  using milliseconds = std::chrono::milliseconds;

  /// `stopping`: whether the host wants the replica to stop.
  Deadline(milliseconds limit, std::function<bool()> stopping)
      : limit_(limit), stopping_(std::move(stopping)), end_(Clock::now() + limit) {}

  /// Something happened: the whole limit counts again.
  void restart() { end_ = Clock::now() + limit_; }

  /// One of `count` equal parts of the time that is left.
  [[nodiscard]] Deadline part(int count) const {
    const auto left = std::chrono::ceil<milliseconds>(end_ - Clock::now());
    return {std::max(left, milliseconds(0)) / count, stopping_};
  }
  /// The time is over, or the host stops.
  [[nodiscard]] bool is_over() const { return stopping_() || Clock::now() >= end_; }
  /// Throws Cancelled; throws ConnectionLost, with `what` did not happen, once the time is over.
  void throw_if_over(const std::string& what) const {
    if (stopping_()) throw Cancelled{};
    if (Clock::now() >= end_) throw ConnectionLost(what + " within " + text(limit_));
  }

  /// Waits until a descriptor is ready for `events`, or for a moment, whichever is first. Throws as throw_if_over().
  void wait(int fd, short events, const std::string& what) const {
    throw_if_over(what);
    const auto left = std::chrono::ceil<milliseconds>(end_ - Clock::now());
    pollfd polled{fd, events, 0};
    // A failure shows at the next use.
    (void)::poll(&polled, 1, static_cast<int>(std::clamp(left, milliseconds(0), kSlice).count()));
  }

 private:
  static std::string text(milliseconds limit) {
    return limit.count() % 1000 == 0 ? std::to_string(limit.count() / 1000) + " s"
                                     : std::to_string(limit.count()) + " ms";
  }

  static constexpr milliseconds kSlice{100};  // how long a stop may go unnoticed

  milliseconds limit_;
  std::function<bool()> stopping_;
  Clock::time_point end_;
};

}  // namespace lshost::sftp
