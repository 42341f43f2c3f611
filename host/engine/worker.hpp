#pragma once
// One run of the engine: carries what the database commits to the store until it is stopped.
//
// A round looks at the database first and copies afterwards, and then waits for anything newer than what it looked at:
// whatever is committed meanwhile ends the wait at once, so nothing is missed. The destination is listed once, when a
// run begins, and again only after a change of generation or where continuity was lost; else what was stored is known.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <lshost/replicator.hpp>

#include "engine/activity.hpp"
#include "engine/helpers.hpp"
#include "engine/inventory.hpp"
#include "engine/object_reader.hpp"
#include "engine/reporter.hpp"
#include "engine/settings.hpp"
#include "engine/standing.hpp"
#include "engine/store.hpp"
#include "engine/upload_window.hpp"
#include "engine/uploader.hpp"

namespace lshost::engine {

/// Invariants:
///   All of [base, next) is stored without a gap; that much is reported (P1), never more.
///   The first segment of an index is put only when all before it is stored, so a hole that a crash leaves lies in the
///   last index.
///
/// Threads: run() on a thread of its own; stop(), snapshotting() from any. Ownership: held by its threads; `store` and
/// `settings` outlive it.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(Context ctx, Store& store, const Settings& settings);

  /// Returns after stop(), and when the host cancels. Everything that goes wrong is reported and tried again.
  void run();
  /// When it returns, nothing more is done at the destination.
  void stop();
  [[nodiscard]] bool snapshotting() const noexcept { return looking_ || snapshots_going_on_ > 0; }

 private:
  using milliseconds = std::chrono::milliseconds;
  using Time = std::chrono::steady_clock::time_point;

  /// How a turn of the loop ended: what to wait for.
  struct Turn {
    Position seen;                      // for anything newer than this, unless
    std::optional<milliseconds> pause;  // this long
  };
  Turn turn();
  Turn round();
  Turn gone();
  Turn failed(const std::exception& failure);
  void wait(const Turn& turn);

  // ---- where the destination stands ----
  void open(const DatabaseStatus& status);
  [[nodiscard]] Standing look(const std::string& generation);
  void check_history(const Standing& standing) const;
  void start_at(std::uint64_t index);

  // ---- snapshots ----
  [[nodiscard]] bool has_base() const;
  void begin_due_snapshot(const DatabaseStatus& status);
  void take_snapshot(const std::string& generation);
  void try_snapshot(const std::string& generation, std::set<std::string>& tried);
  void snapshot_stored(const Base& base);
  void end_snapshots();

  // ---- WAL ----
  std::optional<milliseconds> ship(const DatabaseStatus& status);
  [[nodiscard]] std::optional<milliseconds> rest_before(const Position& at, const Position& tip) const;
  void prepare_for(const Position& start);
  void stored(const Segment& segment);
  void move_to(const Position& next);

  // Constant after construction.
  const Context ctx_;
  Store& store_;
  const Settings& settings_;

  // Synchronizing themselves.
  const std::shared_ptr<Activity> activity_;
  Reporter reporter_;
  ObjectReader reader_;
  Uploader uploader_;
  const std::shared_ptr<Helpers> helpers_;
  std::atomic<bool> looking_{true};  // from the start until the position is known
  std::atomic<int> snapshots_going_on_{0};
  std::atomic<bool> abort_snapshots_{false};

  // Only the loop's thread.
  std::string generation_;               // that open() has looked at; "": none
  GenerationObjects found_;              // what open() found, by names
  std::vector<std::string> unfinished_;  // keys to be removed before the next segment
  bool is_lost_ = false;                 // the host no longer has the WAL behind next_
  Position previous_end_;                // where the index before the one of next_ ends; none: not known
  std::optional<Time> shipped_;          // when the last segment was on its way
  std::uint32_t failures_ = 0;           // of turns, in a row

  mutable std::mutex mutex_;
  std::condition_variable snapshot_ended_;
  // Guarded by mutex_.
  std::optional<Base> base_;  // the newest snapshot
  Position floor_;            // from here on the WAL up to next_ continues a snapshot, and is reported
  Position next_;             // where the next byte goes; none: where the next snapshot is
};

}  // namespace lshost::engine
