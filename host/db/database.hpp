#pragma once
// One database: attached when it can be, captured, checkpointed, and fed to its replicas, by one thread.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "base/wake_up.hpp"
#include "db/attachment.hpp"
#include "db/checkpointer.hpp"
#include "db/continuity.hpp"
#include "db/guard_watch.hpp"
#include "db/history.hpp"
#include "db/origin_keeper.hpp"
#include "db/replica_feed.hpp"
#include "db/shadow_catalog.hpp"
#include "db/snapshot_desk.hpp"
#include "db/snapshot_source.hpp"
#include "db/task_inbox.hpp"
#include "os/file_watcher.hpp"

namespace lshost::db {

struct DatabaseOptions {
  std::string path;       ///< absolute
  std::string meta_path;  ///< absolute
  CheckpointRules checkpoint;
  std::uint64_t shadow_wal_limit_bytes = std::uint64_t{4} << 30;
  bool exclusive_checkpoints = true;
  /// A page map that is not there is read so long after a generation began: behind the first snapshots, from memory.
  std::chrono::milliseconds page_map_delay{1000};
};

/// What a database is doing, for status and alarms.
enum class DatabaseState {
  starting,
  waiting,  ///< it can not be attached to yet; `detail` says why; ends by itself
  replicating,
  failing,  ///< something failed and is tried again; `detail` is the sentence
  stopped,
};
[[nodiscard]] std::string_view to_string(DatabaseState state) noexcept;

struct DatabaseStatus {
  DatabaseState state = DatabaseState::starting;
  std::string detail;
  std::optional<NotAttachable> why_waiting;  ///< only in that state
  std::uint32_t times_let_go = 0;            ///< since the start: the log was let go because capture did not keep up
  Position tip;
};

/// Ownership: feeds that it gave must be destroyed before it.
/// Threads: all functions from any thread.
class Database final : private FeedOwner {
 public:
  Database(DatabaseOptions options, os::Fs& fs, os::FileWatcher& watcher, const Clock& clock);
  ~Database() override;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A feed for one replica. Everything that the shadow WAL has is kept for it until it reports a position.
  [[nodiscard]] std::unique_ptr<Feed> subscribe(const std::string& replica);
  void start();
  /// A feed is gone for good: what only its replica needed may go. Without this call it goes with the next index that
  /// another replica finishes.
  void release_unneeded() noexcept;
  /// Captures everything that is committed now. The tip after that; nullopt: not attached, so nothing can be said; the
  /// next attempt at it is made at once.
  [[nodiscard]] std::optional<Position> capture_now();
  /// The database as it is now, for somebody who is no replica: nothing is kept for it. nullopt: not attached, or
  /// stopped. Checkpoints are held back while its `bytes` lives, which must end before the database does.
  [[nodiscard]] std::optional<SnapshotImage> open_image();
  /// Begins a new generation if `generation` is still the current one: every replica takes a new snapshot. False: not
  /// attached or stopped, so nothing was done.
  [[nodiscard]] bool leave_generation(const std::string& generation, NewGeneration reason);
  /// Stops the thread and detaches; the log stays as it is for the next start.
  void stop();

  [[nodiscard]] DatabaseStatus status() const;
  /// How far a replica that is durable up to `from` is behind, in bytes of WAL; nullopt: it needs a snapshot first.
  [[nodiscard]] std::optional<std::uint64_t> bytes_behind(const Position& from) const;
  [[nodiscard]] const std::string& path() const noexcept { return options_.path; }

 private:
  // FeedOwner
  [[nodiscard]] std::optional<SnapshotGrant> grant_snapshot() override;
  void release_snapshot(const std::shared_ptr<SnapshotPin>& pin) noexcept override;
  void hold_changed() noexcept override;
  void replica_is_ahead() noexcept override;
  [[nodiscard]] bool is_ours(const std::string& replica, const Position& position) override;
  void begins_anew(const std::string& replica) override;

  // The thread.
  void run(const std::stop_token& stop);
  void serve_once(const std::stop_token& stop);
  bool try_attach();
  void detach() noexcept;
  void open_history();
  void leave_window_if_done();
  void checkpoint_if_due();
  void keep_within_limits();
  void report_left_behind();
  void trim();
  /// Throws as SnapshotDesk::grant(), and Error{transient} while not attached.
  [[nodiscard]] SnapshotGrant make_grant();
  void watch_names(os::NameEvents events);
  void watch_log();
  void follow_pace(bool captured);
  void sleep_until_something(const std::stop_token& stop);
  void handle(const Error& error, const std::stop_token& stop);
  void set_state(DatabaseState state, std::string detail, std::optional<NotAttachable> why_waiting = std::nullopt);
  void poll() noexcept;
  void report_let_go(const GuardWatch::Seen& seen);
  void wake() noexcept;

  const DatabaseOptions options_;
  const std::string name_;  // for log lines
  os::Fs& fs_;
  os::FileWatcher& watcher_;
  const Clock& clock_;
  ShadowCatalog catalog_;
  OriginKeeper origin_;
  WakeUp wake_up_;
  TaskInbox inbox_{wake_up_};
  std::atomic<bool> hint_{false};           // something may have changed since the last look
  std::atomic<bool> names_changed_{false};  // the file or its log may have been replaced

  // Owned by the thread.
  UniqueFd lock_;
  std::unique_ptr<Attachment> attachment_;
  std::unique_ptr<History> history_;  // this and the next two: as long as there is an attachment
  std::unique_ptr<SnapshotDesk> snapshots_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<os::FileWatcher::Watch> log_watch_;
  std::unique_ptr<os::FileWatcher::Watch> name_watch_;
  std::unique_ptr<os::FileWatcher::Watch> poll_watch_;
  std::uint32_t idle_looks_ = 0;       // looks since the last hint that found nothing
  std::uint32_t captures_ = 0;         // rounds that captured something, without a longer pause between them
  std::uint32_t failures_ = 0;         // in a row
  std::uint32_t waits_ = 0;            // attach attempts in a row that found a reason to wait
  std::set<std::string> left_behind_;  // replicas that the limit cost their continuity

  GuardWatch guard_watch_;  // the slow poll looks through it from the watcher's thread

  mutable Mutex feeds_mutex_;
  std::vector<ReplicaFeed*> feeds_ LSHOST_GUARDED_BY(feeds_mutex_);

  mutable Mutex status_mutex_;
  DatabaseStatus status_ LSHOST_GUARDED_BY(status_mutex_);

  std::jthread thread_;  // last: joined first
};

}  // namespace lshost::db
