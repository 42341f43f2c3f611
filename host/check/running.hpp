#pragma once
// A replica at work for a case: a world, a tap, and the plugin between them.

#include <chrono>
#include <memory>
#include <string>

#include "check/bench.hpp"
#include "check/world.hpp"

namespace lshost::check {

/// How long what has to happen may take on a slow machine with a slow destination.
inline constexpr std::chrono::seconds kPatience(30);

/// Threads: one.
struct Running {
  /// A world in the case's folder `place`, and the plugin's place of that name. Nothing is started.
  Running(Bench& bench, const std::string& place, const WorldOptions& options = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Makes the replicator, if it is not there, and starts it.
  void start();
  /// Stops and destroys it.
  void end();
  /// Throws Failed unless it reports `position` as durable in time.
  void wait_until_durable(const db::Position& position);
  /// Restores `position` through a fresh, offline replicator, to a file of that name. Throws Failed, Skipped.
  std::string restored(const db::Position& position, const std::string& name = "restored.db");
  /// Throws Failed unless the replica has the database as it is now, byte by byte. Ends the replicator before.
  void require_identical();

  Bench& bench;
  const std::string place;
  Tap tap;
  World world;
  std::unique_ptr<plugin::ReplicatorAdapter> replicator;
};

/// Throws Skipped where the plugin can not give back what it stored.
void require_restore(Bench& bench);

}  // namespace lshost::check
