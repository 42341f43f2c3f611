#include "db/checkpoint_policy.hpp"

#include <catch2/catch.hpp>

using namespace lshost::db;
using namespace std::chrono_literals;

namespace {

constexpr CheckpointRules kRules{.min_pages = 1000, .interval = 60s};

CheckpointChoice choose(std::uint32_t log, std::uint32_t backfilled, std::chrono::nanoseconds since) {
  return choose_checkpoint(kRules, {log, backfilled, since});
}

}  // namespace

TEST_CASE("choose_checkpoint: by pages, by time, by force, and never too often", "[db][checkpoint]") {
  CHECK(choose(0, 0, 1h) == CheckpointChoice::none);
  CHECK(choose(999, 0, 59s) == CheckpointChoice::none);
  CHECK(choose(1000, 0, 1s) == CheckpointChoice::passive);
  CHECK(choose(1000, 1, 1s) == CheckpointChoice::none);
  CHECK(choose(1, 0, 60s) == CheckpointChoice::passive);
  CHECK(choose(1, 1, 1h) == CheckpointChoice::none);
  CHECK(choose(15'999, 0, 1s) == CheckpointChoice::passive);
  CHECK(choose(16'000, 15'999, 1s) == CheckpointChoice::force);
  CHECK(choose(16'000, 0, kCheckpointPause - 1ns) == CheckpointChoice::none);
}

TEST_CASE("choose_checkpoint: a backfill that is ahead of the log is nothing to do", "[db][checkpoint]") {
  CHECK(choose(2, 361, 1h) == CheckpointChoice::none);
}

TEST_CASE("next_checkpoint: idle databases have no timer, others the right one", "[db][checkpoint]") {
  CHECK_FALSE(next_checkpoint(kRules, {0, 0, 0s}));
  CHECK_FALSE(next_checkpoint(kRules, {500, 500, 0s}));
  CHECK(next_checkpoint(kRules, {500, 0, 20s}) == 40s);
  CHECK(next_checkpoint(kRules, {500, 0, 2h}) == 0s);
  CHECK(next_checkpoint(kRules, {5000, 0, 50ms}) == 200ms);
}

TEST_CASE("next_checkpoint and choose_checkpoint agree: when the time is over, something is chosen",
          "[db][checkpoint]") {
  for (const std::uint32_t log : {1U, 999U, 1000U, 20'000U}) {
    for (const std::uint32_t backfilled : {0U, 1U, 998U, 19'000U}) {
      for (const std::chrono::nanoseconds since : {0ns, 100ns, 200'000'000ns, 30'000'000'000ns}) {
        if (backfilled >= log) continue;
        CAPTURE(log, backfilled, since.count());
        const auto next = next_checkpoint(kRules, {log, backfilled, since});
        REQUIRE(next);
        CHECK(choose(log, backfilled, since + *next) != CheckpointChoice::none);
      }
    }
  }
}
