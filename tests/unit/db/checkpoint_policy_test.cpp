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

TEST_CASE("choose_checkpoint: a log that a recovery would misread is emptied at once", "[db][checkpoint]") {
  const auto sick = [](std::uint32_t log, std::uint32_t backfilled, std::chrono::nanoseconds since,
                       std::uint32_t failed = 0) {
    return CheckpointInput{log, backfilled, since, /*is_sick=*/true, failed};
  };
  CHECK(choose_checkpoint(kRules, sick(1, 0, kCheckpointPause)) == CheckpointChoice::heal);
  CHECK(choose_checkpoint(kRules, sick(1, 1, kCheckpointPause)) == CheckpointChoice::heal);  // moved is not enough
  CHECK(choose_checkpoint(kRules, sick(16'000, 0, kCheckpointPause)) == CheckpointChoice::heal);
  CHECK(choose_checkpoint(kRules, sick(1, 0, kCheckpointPause - 1ns)) == CheckpointChoice::none);
  CHECK(choose_checkpoint(kRules, sick(0, 0, 1h)) == CheckpointChoice::none);
  CHECK(next_checkpoint(kRules, sick(1, 1, 0ns)) == kCheckpointPause);
  CHECK_FALSE(next_checkpoint(kRules, sick(0, 0, 0ns)).has_value());

  // In vain: rarer and rarer, and meanwhile what is due otherwise.
  CHECK(retry_pause(3) == 2s);
  CHECK(retry_pause(1000) == 16s);
  CHECK(choose_checkpoint(kRules, sick(1000, 0, 1s, 3)) == CheckpointChoice::passive);
  CHECK(choose_checkpoint(kRules, sick(1, 1, 1s, 3)) == CheckpointChoice::none);
  CHECK(choose_checkpoint(kRules, sick(1, 1, 2s, 3)) == CheckpointChoice::heal);
  CHECK(next_checkpoint(kRules, sick(1, 1, 500ms, 3)) == 1500ms);
}

TEST_CASE("choose_checkpoint: a disk that is too slow for the tail is tried less and less often", "[db][checkpoint]") {
  const auto slow = [](std::uint32_t log, std::chrono::nanoseconds since, std::uint32_t failed) {
    return CheckpointInput{log, 0, since, false, 0, failed};
  };
  CHECK(choose_checkpoint(kRules, slow(16'000, 1s, 3)) == CheckpointChoice::none);
  CHECK(choose_checkpoint(kRules, slow(16'000, 2s, 3)) == CheckpointChoice::force);
  CHECK(choose_checkpoint(kRules, slow(15'999, 1s, 3)) == CheckpointChoice::passive);
  CHECK(next_checkpoint(kRules, slow(16'000, 500ms, 3)) == 1500ms);
  CHECK(next_checkpoint(kRules, slow(15'999, 50ms, 3)) == 200ms);
  CHECK(tail_wait_max(kRules, 16'000) == 200ms);
  CHECK(tail_wait_max(kRules, 160'000) == 500ms);
}

TEST_CASE("choose_checkpoint: a backfill that is ahead of the log is nothing to do", "[db][checkpoint]") {
  CHECK(choose(2, 361, 1h) == CheckpointChoice::none);
}

// The application comes first: a disk that is slow, for whatever reason, is never paid for with a failed commit.
TEST_CASE("may_force: writers wait for little, and for more only as the log grows", "[db][checkpoint]") {
  const auto may = [](std::uint32_t log, std::uint32_t left, CheckpointPace pace) {
    return may_force(kRules, {log, log - left, 1s}, {pace, 0});
  };
  constexpr CheckpointPace kFast{.frames = 16'000, .took = 400ms};  // 40 frames a millisecond
  constexpr CheckpointPace kSlow{.frames = 16'000, .took = 8s};     // 2
  CHECK(forced_wait_max(kRules, 16'000) == 50ms);
  CHECK(forced_wait_max(kRules, 160'000) == 500ms);

  CHECK(may(16'000, 0, {}));
  CHECK(may(16'000, 2'000, kFast));
  CHECK_FALSE(may(16'000, 2'001, kFast));
  CHECK(may(160'000, 20'000, kFast));
  CHECK(may(16'000, 100, kSlow));
  CHECK_FALSE(may(32'000, 16'000, kSlow));  // eight seconds
  CHECK_FALSE(may(64'000, 400'000 / 1000 + 1, kSlow));

  CHECK_FALSE(may(16'000, 1, {}));                                  // nothing was ever moved: a reader is in the way
  CHECK_FALSE(may(1'000'000, 990'000, kFast));                      // it stays, and the log grows behind its mark
  CHECK(may_force(kRules, {18'000, 17'000, 1s}, {kFast, 17'000}));  // readers come and go
  CHECK_FALSE(may_force(kRules, {18'000, 16'999, 1s}, {kFast, 17'000}));  // one of them stays
  CHECK(may_force(kRules, {2, 361, 1h}, {kFast, 0}));                     // a backfill that is ahead of the log
  CHECK(may_force({.min_pages = 0}, {10, 5, 1s}, {{10, 1ns}, 0}));        // no division by nothing
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
