#pragma once
// One run of the replicator: carries what the database commits to the destination until it is stopped.
//
// A round looks at the database first and copies afterwards, and then waits for anything newer than what it looked at:
// whatever is committed meanwhile ends the wait at once, so nothing is missed.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include <lshost/replicator.hpp>

#include "buffer.hpp"
#include "destination.hpp"
#include "snapshot_info.hpp"
#include "wal_file.hpp"

namespace lshost::file {

/// Invariants:
///   All of [base, next_) that was flushed is durable at the destination, without a gap; that much is reported.
///   Nothing is reported before a snapshot that it builds on has its name (base_).
///
/// Threads: run() on a thread of its own, stop() and snapshotting() from any. `destination` must outlive it.
class Worker {
 public:
  Worker(Context ctx, const Destination& destination);

  /// Returns after stop(), and when the host cancels. Everything that goes wrong is reported and tried again.
  void run();
  /// When it returns, nothing more is done at the destination. The thread itself may still be in a wait of the host's,
  /// which ends with the next commit or when the host cancels.
  void stop();
  [[nodiscard]] bool snapshotting() const noexcept { return snapshotting_; }

 private:
  using milliseconds = std::chrono::milliseconds;
  using Time = std::chrono::steady_clock::time_point;

  /// How a turn of the loop ended: what to wait for.
  struct Turn {
    Position seen;                      // for anything newer than this, unless
    std::optional<milliseconds> pause;  // something failed: this long
  };
  Turn turn();
  Position round();
  void wait(const Turn& turn) const;
  Turn failed(const std::exception& failure, milliseconds at_least);
  Turn gone();
  [[nodiscard]] milliseconds back_off();

  // ---- where the destination stands ----
  void open(const DatabaseStatus& status);
  [[nodiscard]] Position find_position(const std::string& generation, const Inventory& found);
  [[nodiscard]] bool is_complete(const Position& at) const;
  void check_history(const Position& at) const;
  void start_at(std::uint64_t index);
  void close_files() noexcept;
  void check_base();

  // ---- carrying ----
  void snapshot();
  [[nodiscard]] bool ship_batch();
  void append(Wal& run);
  [[nodiscard]] bool follows_at_once(const Position& at) const;
  void next_index(const Position& start);
  void flush();
  void report() const;

  void throw_if_stopped() const;
  void state(ReplicaState state, const std::string& detail = {});

  // Constant after construction.
  const Context ctx_;
  const Destination& destination_;

  std::atomic<bool> stopped_{false};
  std::atomic<bool> snapshotting_{true};  // until the position is known
  std::mutex work_;                       // held while anything is done at the destination, not while waiting

  // Guarded by work_.
  std::string generation_;            // that open() has looked at; "": none
  std::optional<SnapshotInfo> base_;  // the newest snapshot that the WAL up to next_ continues
  Position next_;                     // where the next byte goes; none: where the next snapshot is
  std::optional<WalFile> wal_;        // of next_.index, once there is a byte of it
  Buffer buffer_;
  Time base_checked_;
  std::uint32_t failures_ = 0;  // in a row
  std::minstd_rand random_;
  std::optional<ReplicaState> state_;
  std::string state_detail_;
};

}  // namespace lshost::file
