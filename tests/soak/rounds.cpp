#include "soak/rounds.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "soak/damage.hpp"
#include "support/loop_disk.hpp"
#include "support/small_disk.hpp"

namespace lshost::test {
namespace {

/// Runs `body`; whatever leaves it has the scene's story behind it, and the restores are counted.
template <class Body>
void with_story(Scene& scene, Tally& tally, const std::string& what, Body&& body) {
  const auto count = [&] { tally.restores += scene.restores(); };
  try {
    body();
    count();
  } catch (const Wrong& e) {
    count();
    throw Wrong(e.kind(), what + ": " + e.what() + "\n" + scene.story());
  } catch (const std::exception& e) {
    count();
    throw Wrong(Wrong::Kind::other, what + ": " + e.what() + "\n" + scene.story());
  }
}

SceneOptions random_scene(std::mt19937_64& random) {
  static const std::array<int, 4> page_sizes = {512, 1024, 4096, 65536};
  SceneOptions options;
  options.writer = {"page_size=" + std::to_string(page_sizes[static_cast<std::size_t>(between(random, 0, 3))])};
  options.database_more = "min-checkpoint-pages = " + std::to_string(between(random, 5, 200)) + "\n";
  if (between(random, 0, 3) == 0) options.database_more += "exclusive-checkpoints = false\n";
  if (between(random, 0, 2) == 0) {
    options.type = "folder";
    options.replica_more = "sync-interval = \"5ms\"\n";
  }
  return options;
}

/// Early calls as often as late ones.
std::uint64_t random_nth(std::mt19937_64& random) {
  const auto below = std::int64_t{1} << between(random, 3, 10);
  return static_cast<std::uint64_t>(between(random, 1, below));
}

}  // namespace

void kill_round(std::mt19937_64& random, int rounds, Tally& tally) {
  Scene scene(random_scene(random));
  with_story(scene, tally, "kills", [&] {
    scene.start_writer(random_writer(random));
    scene.wait_for_commits(1);
    for (int round = 0; round < rounds; ++round) {
      const FailPoint point{
          .under = scene.folder(), .nth = random_nth(random), .with = between(random, 0, 1) == 0 ? "kill" : "torn"};
      const bool at_step = has_fail_points() && between(random, 0, 1) == 0;
      scene.start_host(at_step ? point.environment() : std::map<std::string, std::string>{});
      if (!scene.has_writer()) scene.start_writer(random_writer(random));
      if (at_step) scene.wait_until_struck(std::chrono::milliseconds(120));
      scene.wait_for_commits(at_step ? 1 : between(random, 1, 60));
      for (auto times = between(random, 0, 2); times > 0; --times) {
        scene.kill_writer();
        ++tally.application_kills;
        if (times == 1 && between(random, 0, 1) == 0) break;  // none is there when the host dies
        scene.start_writer(random_writer(random));
        scene.wait_for_commits(between(random, 1, 10));
      }
      tally.steps_killed += scene.where_struck() ? 1 : 0;
      scene.kill_host();
      ++tally.host_kills;
      scene.check();
      // Sometimes the application goes on, and checkpoints, while there is no host.
      if (scene.has_writer() && between(random, 0, 2) == 0) scene.wait_for_commits(between(random, 1, 40));
    }
    scene.settle();
  });
}

void failed_step_round(std::mt19937_64& random, int rounds, Tally& tally) {
  static const std::array<int, 3> errors = {EIO, ENOSPC, EACCES};
  Scene scene(random_scene(random));
  with_story(scene, tally, "failed steps", [&] {
    scene.start_writer(random_writer(random));
    scene.wait_for_commits(1);
    for (int round = 0; round < rounds; ++round) {
      const FailPoint point{.under = scene.folder(),
                            .nth = random_nth(random),
                            .with = std::to_string(errors[static_cast<std::size_t>(between(random, 0, 2))]),
                            .reads = true};
      scene.start_host(point.environment());
      scene.wait_until_struck(std::chrono::milliseconds(250));
      scene.wait_for_commits(between(random, 1, 20));
      tally.steps_failed += scene.where_struck() ? 1 : 0;
      scene.check();
      if (between(random, 0, 4) != 0) continue;
      scene.kill_host();
      ++tally.host_kills;
    }
    scene.settle();
  });
}

void power_round(std::mt19937_64& random, int cuts, Tally& tally) {
  LoopDisk disk(between(random, 0, 1) == 0 ? LoopDisk::Kind::ext4 : LoopDisk::Kind::xfs);
  // On the disk that fails: all, or only the database, the replica, or the shadow WAL.
  auto options = random_scene(random);
  options.type = "file";
  options.replica_more.clear();
  options.writer.push_back(between(random, 0, 1) == 0 ? "sync=full" : "sync=normal");
  const auto where = between(random, 0, 3);
  if (where == 0 || where == 1) options.database_folder = disk.path();
  if (where == 0 || where == 2) options.replica_folder = disk.path();
  if (where == 3) options.meta_folder = disk / "meta";
  Scene scene(options);
  with_story(scene, tally, "power cuts, variant " + std::to_string(where), [&] {
    scene.start_writer({"commits=5"});
    scene.finish_writer();
    disk.sync();  // an application that was never there is another story
    for (int cut = 0; cut < cuts; ++cut) {
      scene.start_host();
      scene.start_writer({"payload=" + std::to_string(between(random, 10, 4000)),
                          "pause_us=" + std::to_string(between(random, 0, 2000))});
      scene.wait_for_commits(between(random, 1, 120));
      disk.cut_power(between(random, 0, 1) == 0 ? LoopDisk::Cut::journal_kept : LoopDisk::Cut::journal_lost);
      ++tally.power_cuts;
      scene.forget_processes();
      disk.power_on();
      scene.check();
    }
    scene.start_host();
    scene.start_writer({"commits=5"});
    scene.finish_writer();
    scene.settle();
  });
}

void full_disk_round(std::mt19937_64& random, Tally& tally) {
  SmallDisk disk(std::uint64_t{4} << 20);
  auto options = random_scene(random);
  options.type = "file";
  options.replica_more.clear();
  if (between(random, 0, 1) == 0) {
    options.meta_folder = disk / "meta";
  } else {
    options.replica_folder = disk.path();
  }
  Scene scene(options);
  with_story(scene, tally, "full disk", [&] {
    scene.start_writer({"payload=3000", "pause_us=300"});
    scene.wait_for_commits(1);  // a replica without a ledger could not be checked
    scene.start_host();
    scene.wait_for_commits(between(random, 1, 50));
    disk.fill();
    ++tally.full_disks;
    scene.wait_for_commits(between(random, 50, 300));  // the application does not notice
    scene.check();
    if (between(random, 0, 2) == 0) {
      scene.kill_host();
      ++tally.host_kills;
      scene.start_host();
    }
    disk.make_room();
    scene.wait_for_commits(10);
    scene.settle();
  });
}

void snapshot_round(std::mt19937_64& random, int rounds, Tally& tally) {
  Scene scene(random_scene(random));
  with_story(scene, tally, "snapshots", [&] {
    for (int round = 0; round < rounds; ++round) {
      std::filesystem::remove_all(scene.replica());
      scene.start_writer(random_writer(random));
      scene.wait_for_commits(between(random, 1, 100));
      scene.start_host();
      scene.wait_for_snapshot();
      scene.kill_host();
      ++tally.host_kills;
      scene.check_snapshots();
    }
    scene.settle();
  });
}

void damage_round(std::mt19937_64& random, int damages, Tally& tally) {
  const DamageTarget target(random);
  target.check_positions();
  for (int i = 0; i < damages; ++i) {
    const auto seed = random();
    const auto outcome = target.hurt_and_restore(seed);
    ++tally.damaged_replicas;
    ++tally.restores;
    tally.damage_refused += outcome.is_refused ? 1 : 0;
  }
}

}  // namespace lshost::test
