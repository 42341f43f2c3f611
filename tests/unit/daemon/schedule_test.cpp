#include "daemon/schedule.hpp"

#include <catch2/catch.hpp>

#include "daemon/replica_monitor.hpp"

using namespace lshost;
using namespace lshost::daemon;
using namespace std::chrono_literals;

TEST_CASE("schedule: snapshots come by their interval, and at least once a retention", "[daemon]") {
  CHECK(ScheduleRules{24h, 168h}.effective_interval() == 24h);
  CHECK(ScheduleRules{24h, 12h}.effective_interval() == 12h);
  CHECK(ScheduleRules{0h, 12h}.effective_interval() == 12h);
  CHECK(ScheduleRules{24h, 0h}.effective_interval() == 24h);
  CHECK(ScheduleRules{0h, 0h}.effective_interval() == 0h);
}

TEST_CASE("schedule: the next snapshot is counted from the last one, not from the start", "[daemon]") {
  const UnixNanos last = 1'000'000'000'000;
  CHECK(next_snapshot({24h, 168h}, last) == last + std::chrono::nanoseconds(24h).count());
  CHECK_FALSE(next_snapshot({24h, 168h}, 0));
  CHECK_FALSE(next_snapshot({0h, 0h}, last));
}

TEST_CASE("schedule: old items are looked through four times a window, hourly at most", "[daemon]") {
  CHECK(retention_pause({24h, 168h}) == 1h);
  CHECK(retention_pause({24h, 2h}) == 30min);
  CHECK(retention_pause({24h, 1ns}) == 250ms);
  CHECK_FALSE(retention_pause({24h, 0h}));
}

TEST_CASE("quiet_time: a failure that goes on is written at growing intervals", "[daemon]") {
  CHECK(quiet_time(0) == 0s);
  CHECK(quiet_time(1) == 10s);
  CHECK(quiet_time(2) == 20s);
  CHECK(quiet_time(100) == 10min);
  for (std::uint32_t lines = 0; lines < 50; ++lines) CHECK(quiet_time(lines) <= quiet_time(lines + 1));
}
