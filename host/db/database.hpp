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
#include "db/capture.hpp"
#include "db/checkpointer.hpp"
#include "db/replica_feed.hpp"
#include "db/shadow_wal.hpp"
#include "db/stamp_keeper.hpp"
#include "db/task_inbox.hpp"
#include "os/file_watcher.hpp"

namespace lshost::db {

struct DatabaseOptions {
  std::string path;       ///< absolute
  std::string meta_path;  ///< absolute
  CheckpointRules checkpoint;
  std::uint64_t shadow_wal_limit_bytes = std::uint64_t{4} << 30;
  bool exclusive_checkpoints = true;
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

  /// A feed for one replica. Before start().
  [[nodiscard]] std::unique_ptr<Feed> subscribe(const std::string& replica);
  void start();
  /// Captures everything that is committed now. The tip after that; nullopt: not attached, so nothing can be said.
  [[nodiscard]] std::optional<Position> capture_now();
  /// Stops the thread and detaches; the log stays as it is for the next start.
  void stop();

  [[nodiscard]] DatabaseStatus status() const;
  [[nodiscard]] const std::string& path() const noexcept { return options_.path; }

 private:
  // FeedOwner
  [[nodiscard]] std::optional<SnapshotGrant> grant_snapshot() override;
  void release_snapshot(const std::shared_ptr<SnapshotPin>& pin) noexcept override;
  void hold_changed() noexcept override;
  void replica_is_ahead() noexcept override;

  // The thread.
  void run(const std::stop_token& stop);
  void serve_once(const std::stop_token& stop);
  bool try_attach();
  void detach() noexcept;
  void open_history();
  /// nullopt: capture goes on where an earlier run stopped. Else why not; `detail` may say more.
  [[nodiscard]] std::optional<NewGeneration> resume_history(std::string& detail);
  void begin_generation(NewGeneration reason);
  [[nodiscard]] bool capture_round();
  /// Everything that was committed when it was called is captured on return.
  void capture_committed();
  void mend_torn_index();
  void leave_window_if_done();
  void checkpoint_if_due();
  void keep_within_limits();
  void report_left_behind();
  void trim();
  [[nodiscard]] std::optional<SnapshotGrant> make_grant();
  void revoke_snapshots() noexcept;
  void watch_names(os::NameEvents events);
  void watch_log();
  void follow_pace(bool captured);
  void sleep_until_something(const std::stop_token& stop);
  void handle(const Error& error, const std::stop_token& stop);
  void set_state(DatabaseState state, std::string detail);
  void poll() noexcept;
  void wake() noexcept;

  const DatabaseOptions options_;
  const std::string name_;  // for log lines
  os::Fs& fs_;
  os::FileWatcher& watcher_;
  const Clock& clock_;
  ShadowCatalog catalog_;
  WakeUp wake_up_;
  TaskInbox inbox_{wake_up_};
  std::atomic<bool> hint_{false};           // something may have changed since the last look
  std::atomic<bool> names_changed_{false};  // the file or its log may have been replaced

  // Owned by the thread.
  UniqueFd lock_;
  std::unique_ptr<Attachment> attachment_;
  std::unique_ptr<ShadowWal> shadow_;
  std::unique_ptr<Capture> capture_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<StampKeeper> stamps_;
  std::vector<std::shared_ptr<SnapshotPin>> pins_;
  std::unique_ptr<os::FileWatcher::Watch> log_watch_;
  std::unique_ptr<os::FileWatcher::Watch> name_watch_;
  std::unique_ptr<os::FileWatcher::Watch> poll_watch_;
  std::uint32_t idle_looks_ = 0;  // looks since the last hint that found nothing
  std::uint32_t captures_ = 0;    // rounds that captured something, without a longer pause between them
  std::uint32_t failures_ = 0;    // in a row
  std::uint32_t waits_ = 0;       // attach attempts in a row that found a reason to wait
  std::optional<std::chrono::steady_clock::time_point> torn_since_;
  std::set<std::string> left_behind_;  // replicas that the limit cost their continuity

  std::uint32_t poll_ticks_ = 0;  // owned by the watcher's thread while poll_watch_ lives
  mutable Mutex poll_mutex_;      // the slow poll reads the wal-index from another thread
  sqlite::WalIndex* polled_index_ LSHOST_GUARDED_BY(poll_mutex_) = nullptr;
  std::optional<sqlite::WalIndex::Glance> polled_ LSHOST_GUARDED_BY(poll_mutex_);

  mutable Mutex feeds_mutex_;
  std::vector<ReplicaFeed*> feeds_ LSHOST_GUARDED_BY(feeds_mutex_);

  mutable Mutex status_mutex_;
  DatabaseStatus status_ LSHOST_GUARDED_BY(status_mutex_);

  std::jthread thread_;  // last: joined first
};

}  // namespace lshost::db
