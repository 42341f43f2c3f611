// lshost/cpp/replicator_class.hpp - the five functions. Include lshost/replicator.hpp, which shows how to use them.
// SPDX-License-Identifier: MIT
#pragma once

#include <lshost/cpp/context.hpp>

#include <string>
#include <string_view>

namespace lshost::inline v1 {

/// One destination of one database: the worker that carries everything the database commits to where you want it.
///
/// Your constructor takes the Context and reads the configuration; it touches neither network nor destination, and
/// throws Error if the configuration makes no sense. Your destructor runs after Stop(), when all threads are joined.
///
/// Threads: Start and Stop come one at a time; Name, Type and Snapshotting from any thread at any time.
class Replicator {
 public:
  explicit Replicator(Context context) noexcept : ctx(context) {}
  Replicator(const Replicator&) = delete;
  Replicator& operator=(const Replicator&) = delete;
  virtual ~Replicator() = default;

  /// The replica's name in the configuration.
  [[nodiscard]] virtual std::string Name() const { return ctx.Replica(); }
  /// The word in the configuration that chooses this plugin.
  [[nodiscard]] virtual std::string Type() const = 0;
  /// True while a snapshot is being taken, and from Start() until the position at the destination is known. Status
  /// only; must not block. What holds checkpoints back is the open Snapshot itself.
  [[nodiscard]] virtual bool Snapshotting() const { return false; }
  /// Begins to replicate and returns at once: start your loop with ctx.Spawn. Throws only for what a person has to
  /// mend; a destination that is away is retried in the loop.
  virtual void Start() = 0;
  /// The host wants it to end: every wait and read of ctx throws Cancelled already, and the host joins what Spawn
  /// started once this returns. Override it only to wake what waits elsewhere.
  virtual void Stop() {}

  /// For extensions that have no class here: a C table by id, which must live as long as this object. nullptr: none.
  [[nodiscard]] virtual const void* Extension(std::string_view id) {
    (void)id;
    return nullptr;
  }

 protected:
  const Context ctx;
};

}  // namespace lshost::inline v1
