#pragma once
// The rounds of the soak: one kind of misfortune each, and what must hold after it.

#include <cstdint>
#include <functional>
#include <random>
#include <string>

#include "soak/scene.hpp"

namespace lshost::test {

/// What was done to the host, and what came of it.
struct Tally {
  std::int64_t host_kills = 0;
  std::int64_t steps_killed = 0;  ///< of the kills: at a call, before it or in the middle of a write
  std::int64_t steps_failed = 0;
  std::int64_t application_kills = 0;
  std::int64_t power_cuts = 0;
  std::int64_t damaged_replicas = 0;
  std::int64_t damage_refused = 0;  ///< of these: the restore said that it can not be
  std::int64_t full_disks = 0;
  std::int64_t restores = 0;
  std::int64_t wrong_restores = 0;
  std::int64_t lost_positions = 0;
  std::int64_t other_trouble = 0;

  [[nodiscard]] bool is_clean() const { return wrong_restores + lost_positions + other_trouble == 0; }
};

/// Each makes a scene of its own from `random`, and throws Wrong, or what the scene throws, with the story in it.

/// `rounds` times: the host is killed, at any moment or at a step, and applications around it.
void kill_round(std::mt19937_64& random, int rounds, Tally& tally);
/// `rounds` times: one call of the host fails, once; it goes on by itself.
void failed_step_round(std::mt19937_64& random, int rounds, Tally& tally);
/// `cuts` times: the power goes under load. REQUIRES: LoopDisk::why_not() has nothing to say.
void power_round(std::mt19937_64& random, int cuts, Tally& tally);
/// A replica is made, and hurt `damages` times.
void damage_round(std::mt19937_64& random, int damages, Tally& tally);
/// `rounds` times: a first snapshot under load, and the image alone is what its position says.
void snapshot_round(std::mt19937_64& random, int rounds, Tally& tally);
/// A disk is full for a while: that of the shadow WAL, or the replica's. REQUIRES: root, to mount a small one.
void full_disk_round(std::mt19937_64& random, Tally& tally);

}  // namespace lshost::test
