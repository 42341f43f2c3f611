// Goal: whatever happens to host, application, disk and replica, a restore is one commit or a refusal, and what was
// called durable is not lost.
// Method: a few rounds of the soak (scripts/soak) from fixed seeds, of each kind.

#include <catch2/catch.hpp>
#include <iostream>
#include <optional>

#include "soak/rounds.hpp"
#include "support/loop_disk.hpp"
#include "support/small_disk.hpp"

using namespace lshost::test;

namespace {

void skip_because(const std::optional<std::string>& reason) {
  if (!reason) return;
  std::cout << "skipped: " << *reason << std::endl;
  std::exit(77);  // what ctest counts as skipped
}

}  // namespace

TEST_CASE("soak: host and application are killed at any moment and at any step", "[soak][crash]") {
  const auto seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  Tally tally;
  kill_round(random, 10, tally);
  CHECK(tally.host_kills == 10);
  CHECK(tally.restores >= 10);
}

TEST_CASE("soak: any call of the host fails once, and it goes on by itself", "[soak][fault]") {
  skip_because(has_fail_points() ? std::nullopt
                                 : std::optional<std::string>("a sanitizer has to be the first library"));
  const auto seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  Tally tally;
  failed_step_round(random, 8, tally);
  CHECK(tally.steps_failed > 0);
}

TEST_CASE("soak: the power goes under load", "[soak][power]") {
  skip_because(LoopDisk::why_not());
  const auto seed = GENERATE(1, 2, 3, 4);
  CAPTURE(seed);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  Tally tally;
  power_round(random, 4, tally);
  CHECK(tally.power_cuts == 4);
}

TEST_CASE("soak: a snapshot under load is, alone, what its position says", "[soak][snapshot]") {
  const auto seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  Tally tally;
  snapshot_round(random, 10, tally);
  CHECK(tally.restores >= 10);
}

TEST_CASE("soak: replicas are damaged in every way", "[soak][damage]") {
  const auto seed = GENERATE(1, 2);
  CAPTURE(seed);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  Tally tally;
  damage_round(random, 150, tally);
  CHECK(tally.damaged_replicas == 150);
  CHECK(tally.damage_refused > 0);
  CHECK(tally.damage_refused < 150);
}

TEST_CASE("soak: a disk is full for a while", "[soak][disk]") {
  skip_because(SmallDisk::why_not());
  const auto seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  Tally tally;
  full_disk_round(random, tally);
  CHECK(tally.full_disks == 1);
}
