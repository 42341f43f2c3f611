#pragma once
// Verifies replicas, on their schedule and when somebody asks: each is restored into a scratch file and compared, page
// by page, with the database as it was at the same position. One that does not hold what it reported is sent again.
//
// In three steps. An exact image of the database is read once and only its sums are kept: checkpoints wait for no
// longer than that. When the replica says that it has that position, it is restored to it. Then the sums are compared.
//
// Sending again is a new generation. A snapshot into the old one would not do: a restore from it replays the log from
// the start of its index, and what is missing may lie in there; the plugin goes on believing in what it did not store;
// and where pages differ, one generation would hold two histories. docs/decisions/0013-verification.md has more.

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/condition.hpp"
#include "base/mutex.hpp"
#include "base/wake_up.hpp"
#include "daemon/replica_monitor.hpp"
#include "daemon/verification_record.hpp"
#include "db/database.hpp"
#include "db/feed.hpp"
#include "os/fs.hpp"
#include "replica/replicator.hpp"
#include "replica/verify.hpp"

namespace lshost::daemon {

/// One replica that can be verified. All borrowed, until it is removed.
struct ToVerify {
  std::string path;      ///< of the database
  std::string database;  ///< its name, for log lines
  std::string replica;
  std::chrono::nanoseconds interval{0};  ///< 0: only when asked
  std::string scratch_directory;
  UnixNanos made_ns = 0;
  db::Database* source = nullptr;
  const db::Feed* feed = nullptr;
  replica::Replicator* replicator = nullptr;
  const ReplicaMonitor* monitor = nullptr;
  VerificationRecord* record = nullptr;
};

/// What one verification that was asked for came to.
struct VerifyAnswer {
  std::string path;
  std::string replica;
  replica::Verification result;
  db::Position position;          ///< none: it did not come that far
  bool is_sent_again = false;     ///< and that is what the host does about it
  bool is_nothing_there = false;  ///< nothing was ever captured, so there is nothing to verify
  UnixNanos time_ns = 0;
};

/// Threads: add, remove, start and stop from one thread; ask() from any. One thread verifies one replica at a time, so
/// that it costs the machine one reader; who waits for a slow replica holds nobody up.
/// Errors: none; what goes wrong is a result.
class Verifier {
 public:
  /// Called once, from the verifying thread, or from that which removes what is asked for.
  using Answered = std::function<void(const std::vector<VerifyAnswer>&)>;

  Verifier(os::Fs& fs, const Clock& clock) : fs_(fs), clock_(clock) {}

  /// Removes what an earlier run left in its scratch folder.
  void add(ToVerify replica) LSHOST_EXCLUDES(mutex_);
  /// Forgets a replica; a verification of it ends. `cancel` makes calls into it that go on end. On return nothing of it
  /// is used any more.
  void remove(const replica::Replicator& replicator, const std::function<void()>& cancel) LSHOST_EXCLUDES(mutex_);
  /// Verifies these now. `database`: a path or the name of a file, `replica`: a name; "": all. Throws Error{invalid} if
  /// that names nothing, {transient} if too many wait already.
  void ask(const std::string& database, const std::string& replica, Answered answered) LSHOST_EXCLUDES(mutex_);

  void start();
  void stop();

 private:
  /// Somebody who waits for some replicas.
  struct Question {
    std::size_t open = 0;  // replicas without an answer yet
    std::vector<VerifyAnswer> answers;
    Answered answered;
  };
  /// The database at a position that the replica is to have.
  struct Pending {
    db::Position position;
    replica::PageSums pages;
  };
  struct Entry {
    ToVerify replica;
    UnixNanos next_ns = 0;
    // An attempt that goes on: until when it waits for the replica, and the image, once that was taken.
    std::optional<std::chrono::steady_clock::time_point> deadline;
    std::optional<Pending> pending;
    std::stop_source stop;  // it is leaving, or the host ends
    // Guarded by the verifier's mutex. A question is served by an image that was taken after it was asked.
    std::vector<std::shared_ptr<Question>> questions;
    std::vector<std::shared_ptr<Question>> served;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] UnixNanos look_at_all(const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);
  void look_at(Entry& entry) LSHOST_EXCLUDES(mutex_);
  /// nullopt: it goes on later.
  [[nodiscard]] std::optional<replica::Verification> step(Entry& entry);
  [[nodiscard]] std::optional<replica::Verification> take_image(Entry& entry);
  [[nodiscard]] std::optional<replica::Verification> restore_and_compare(Entry& entry);
  void conclude(Entry& entry, const replica::Verification& result) LSHOST_EXCLUDES(mutex_);
  /// True if a new generation began, or has begun anyway.
  [[nodiscard]] bool send_again(Entry& entry, VerifyHistory& history, UnixNanos now);
  /// Serves the questions that there are.
  void begin_attempt(Entry& entry) LSHOST_EXCLUDES(mutex_);
  void answer(Entry& entry, VerifyAnswer answer) LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] UnixNanos next_of(const Entry& entry, UnixNanos now) const;

  os::Fs& fs_;
  const Clock& clock_;
  WakeUp wake_up_;
  Mutex mutex_;
  Condition looked_at_;
  std::list<Entry> entries_
      LSHOST_GUARDED_BY(mutex_);  // the list and questions; what else is in an entry is the thread's
  const Entry* busy_ LSHOST_GUARDED_BY(mutex_) = nullptr;
  std::jthread thread_;
};

}  // namespace lshost::daemon
