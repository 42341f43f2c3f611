#pragma once
// Time that moves only when a test says so.

#include <atomic>
#include <chrono>

#include "base/clock.hpp"

namespace lshost::test {

/// Thread-safe. Starts at 2026-01-01T00:00:00Z.
class FakeClock : public Clock {
 public:
  static constexpr UnixNanos kStart = 1'767'225'600'000'000'000;

  UnixNanos unix_now() const override { return unix_ns_.load(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(steady_ns_.load()));
  }

  /// Time passes.
  void advance(std::chrono::nanoseconds by) {
    unix_ns_ += by.count();
    steady_ns_ += by.count();
  }
  /// Somebody sets the wall clock; intervals do not notice.
  void jump_to(UnixNanos unix_ns) { unix_ns_ = unix_ns; }

 private:
  std::atomic<UnixNanos> unix_ns_ = kStart;
  std::atomic<std::int64_t> steady_ns_ = 1'000'000'000;
};

}  // namespace lshost::test
