#pragma once
// Snapshots and retention on their schedule, for all replicas, on one thread that sleeps until something is due.

#include <atomic>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "base/condition.hpp"
#include "base/mutex.hpp"
#include "base/wake_up.hpp"
#include "daemon/replica_monitor.hpp"
#include "daemon/schedule.hpp"
#include "db/feed.hpp"
#include "replica/replicator.hpp"

namespace lshost::daemon {

/// One replica to look after. All borrowed, until Maintenance is stopped.
struct Maintained {
  std::string database;  ///< for log lines
  std::string replica;
  ScheduleRules rules;
  db::Feed* feed = nullptr;
  replica::Replicator* replicator = nullptr;
  const ReplicaMonitor* monitor = nullptr;
};

/// Asks a destination for a list once, soon after the start, and after that only when there is something new: an idle
/// replica costs nothing.
/// Threads: add, remove, start and stop from one thread.
class Maintenance {
 public:
  explicit Maintenance(const Clock& clock) : clock_(clock) {}
  void add(Maintained replica) LSHOST_EXCLUDES(mutex_);
  /// Forgets a replica. `cancel`, called in between, makes a call into it that goes on end; on return nothing of it is
  /// used any more.
  void remove(const replica::Replicator& replicator, const std::function<void()>& cancel) LSHOST_EXCLUDES(mutex_);
  void start();
  void stop();

 private:
  struct Entry {
    Maintained replica;
    UnixNanos next_ns = 0;           // when to look at this entry again
    UnixNanos last_snapshot_ns = 0;  // 0: not known
    bool is_listed = false;
    UnixNanos last_retention_ns = 0;
    db::Position durable_at_retention;
    std::atomic<bool> is_leaving = false;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] UnixNanos look_after_all(const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);
  void look_after(Entry& entry, UnixNanos now);
  void find_last_snapshot(Entry& entry);
  void want_snapshot(Entry& entry, UnixNanos now);
  void keep_retention(Entry& entry, UnixNanos now);

  const Clock& clock_;
  WakeUp wake_up_;
  Mutex mutex_;
  Condition looked_after_;
  std::list<Entry> entries_ LSHOST_GUARDED_BY(mutex_);  // the list; what is in an entry is the thread's
  const Entry* busy_ LSHOST_GUARDED_BY(mutex_) = nullptr;
  std::jthread thread_;
};

}  // namespace lshost::daemon
