#pragma once
// A host for one replicator, moved step by step by a test: the C table of lshost/host.h over a real database whose
// WAL is read when the test says so.
//
// Everything the replicator can be told is here: runs of WAL, several indexes, trimmed WAL, snapshots, a new
// generation. SQLite is real; only the host around it is not.

#include <lshost/plugin.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <lshost/cpp/context.hpp>

#include "support/app_database.hpp"
#include "support/hook.hpp"

namespace lshost::test {

/// What the configuration of the replica says. An array has strings only.
using ConfigValue = std::variant<std::string, std::int64_t, bool, std::chrono::nanoseconds, std::vector<std::string>>;
using ConfigValues = std::map<std::string, ConfigValue>;

/// Sizes are asked for as integers here. Every key that is asked for counts as known. The engine for stores is the
/// host's own.
///
/// Threads: tests call from one thread; the C table from any. Ownership: outlives the replicators made with it.
class FakeHost {
 public:
  explicit FakeHost(ConfigValues config, std::uint32_t page_size = 4096);
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  [[nodiscard]] Context context();

  // ---- the database ----
  /// Runs statements, and captures what they committed as one run. Returns the new tip.
  Position commit(const std::string& sql);
  /// How the replicator learns that an index is finished.
  enum class Finish {
    with_next_run,  ///< not before there is WAL of the next one
    with_last_run,  ///< the last run of the index says so already
    with_tip,       ///< the tip moves to the beginning of the next one
  };
  /// Checkpoints, so that the next commit begins the next index.
  void restart_wal(Finish finish);
  /// Another generation begins, with the database as it is. Before the first call there is none.
  void new_generation();
  /// Forgets the WAL before an index.
  void trim_before(std::uint64_t index);
  void set_snapshot_due();
  /// Otherwise a run is all there is of an index.
  void set_one_run_per_commit(bool on);
  /// For replicators that are made from now on: there is no database, as for a restore.
  void set_offline() { info_.flags |= LSHOST_CREATE_OFFLINE; }

  [[nodiscard]] Position tip() const;
  /// The database at a position that was a tip.
  [[nodiscard]] Bytes image_at(const Position& position) const;
  [[nodiscard]] std::vector<Position> all_tips() const;
  [[nodiscard]] std::int64_t commit_ns_of(const Position& position) const;

  // ---- the replicator's life ----
  void cancel();
  /// Joins the threads that the replicator spawned, and lets it be started again.
  void join_and_reset();

  // ---- what the replicator said ----
  [[nodiscard]] Position durable() const;
  [[nodiscard]] std::vector<Position> reported() const;
  [[nodiscard]] std::vector<Position> snapshots() const;
  [[nodiscard]] std::vector<std::string> errors() const;
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] std::vector<std::int32_t> states() const;
  [[nodiscard]] std::string state_detail() const;
  [[nodiscard]] std::uint64_t wal_bytes_given() const;
  [[nodiscard]] int snapshots_opened() const;
  void forget_reports();
  /// Everything so far.
  struct Said {
    const std::vector<Position>& reported;
    const std::vector<Position>& snapshots;
    const std::vector<std::string>& errors;
    const std::vector<std::string>& warnings;
    const std::vector<std::int32_t>& states;
  };
  /// Waits until `true_now` holds; it is asked after everything the replicator says. False: not in time.
  [[nodiscard]] bool wait_until(const std::function<bool(const Said&)>& true_now);
  [[nodiscard]] bool wait_until_durable(const Position& position);
  [[nodiscard]] bool wait_until_state(std::int32_t state);

  // ---- what a test may do in between; called without a lock, from the replicator's thread ----
  /// Before each read of a snapshot stream, with the bytes read so far; the result is what the read says if not OK.
  Hook<std::int32_t(std::uint64_t)> on_snapshot_read;
  /// When wal_open is about to say that there is nothing more.
  Hook<void()> at_tip;
  /// When wal_open was called; a result other than OK is what it says.
  Hook<std::int32_t(const Position&)> on_wal_open;

  struct Callbacks;  // the C functions

 private:
  struct Run {
    std::uint64_t begin;
    std::uint64_t end;
    std::int64_t commit_ns;
    bool complete;
  };
  struct Index {
    Bytes bytes;
    std::vector<Run> runs;
    bool complete = false;
  };
  struct Stored {
    Bytes image;
    std::int64_t commit_ns;
  };

  void capture();
  void remember_tip();
  [[nodiscard]] Bytes serialize() const;
  [[nodiscard]] Position tip_locked() const;

  const ConfigValues config_;
  const std::uint32_t page_size_;
  std::unique_ptr<AppDatabase> database_;
  lshost_host table_;
  lshost_replica_info info_;

  std::atomic<std::uint64_t> given_{0};  // WAL bytes that were read

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string generation_;
  int generations_ = 0;
  std::uint64_t first_index_ = 0;
  std::uint64_t last_index_ = 0;
  std::map<std::uint64_t, Index> indexes_;
  std::map<std::string, Stored> images_;  // by Position::ToString()
  std::vector<Position> tips_;
  std::int64_t clock_ns_ = 1'700'000'000'000'000'000;
  bool due_ = false;
  bool one_run_per_commit_ = false;
  bool cancelled_ = false;

  std::vector<Position> reported_;
  std::vector<Position> snapshots_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
  std::vector<std::int32_t> states_;
  std::string detail_;
  int snapshots_opened_ = 0;
  std::mutex threads_mutex_;
  std::vector<std::thread> threads_;  // guarded by threads_mutex_
};

}  // namespace lshost::test
