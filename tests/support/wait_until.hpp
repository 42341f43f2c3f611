#pragma once
// Waiting for a condition with a deadline, in place of sleeping.

#include <algorithm>
#include <chrono>
#include <thread>

namespace lshost::test {

/// Looks again and again, at least every few milliseconds, until `condition()` holds. False: it did not in time.
/// A generous limit costs nothing when things go well: sanitizers and a busy machine need it.
template <class Condition>
[[nodiscard]] bool wait_until(Condition&& condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (auto pause = 50us;; pause = std::min<std::chrono::microseconds>(pause * 2, 3ms)) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace lshost::test
