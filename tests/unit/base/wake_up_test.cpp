#include "base/wake_up.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "support/wait_until.hpp"

using namespace lshost;
using namespace std::chrono_literals;

TEST_CASE("WakeUp: any number of notifications before a wait is one wake-up", "[base][threads]") {
  WakeUp wake_up;
  const std::stop_source nobody_stops;
  for (int i = 0; i < 5; ++i) wake_up.notify();
  CHECK(wake_up.wait(nobody_stops.get_token()));

  const auto begin = std::chrono::steady_clock::now();
  CHECK(wake_up.wait_for(nobody_stops.get_token(), 20ms));  // nothing is left: the whole time passes
  CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
}

TEST_CASE("WakeUp: a request to stop ends a wait, also one that begins later", "[base][threads]") {
  WakeUp wake_up;
  std::stop_source stop;
  std::atomic<int> results = 0;
  std::jthread waiter([&] {
    if (!wake_up.wait(stop.get_token())) ++results;
    if (!wake_up.wait(stop.get_token())) ++results;
    if (!wake_up.wait_for(stop.get_token(), 1h)) ++results;
  });
  stop.request_stop();
  CHECK(test::wait_until([&] { return results == 3; }));
}

TEST_CASE("WakeUp: a time without end is no time at all", "[base][threads]") {
  WakeUp wake_up;
  std::stop_source stop;
  std::atomic<bool> is_back = false;
  std::jthread waiter([&] {
    (void)wake_up.wait_for(stop.get_token(), std::chrono::nanoseconds::max());
    is_back = true;
  });
  CHECK_FALSE(test::wait_until([&] { return is_back.load(); }, 30ms));
  wake_up.notify();
  CHECK(test::wait_until([&] { return is_back.load(); }));
}

// Goal: no notification is lost, whatever the moment at which it comes.
// Method: several threads count up and notify; the waiter must see the last value without any further help.
TEST_CASE("WakeUp: what was counted before a notification is seen after it", "[base][threads]") {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  WakeUp wake_up;
  std::stop_source stop;
  std::atomic<int> count = 0;
  std::atomic<int> seen = 0;
  std::jthread waiter([&] {
    while (wake_up.wait(stop.get_token())) seen = count.load();
  });
  {
    std::vector<std::jthread> notifiers;
    for (int t = 0; t < kThreads; ++t) {
      notifiers.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          ++count;
          wake_up.notify();
        }
      });
    }
  }
  CHECK(test::wait_until([&] { return seen == kThreads * kEach; }));
  stop.request_stop();
}

TEST_CASE("MutexLock: can be let go and taken again within its scope", "[base][threads]") {
  Mutex mutex;
  MutexLock lock(mutex);
  lock.unlock();
  {
    MutexLock other(mutex);
  }  // would hang if it were still held
  lock.lock();
}
