#pragma once
// What the shadow WAL of one database holds, as its replicas see it.
//
// The database's thread writes, replicas read and wait. Knows names and numbers, opens nothing.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/condition.hpp"
#include "base/mutex.hpp"
#include "db/commit_times.hpp"
#include "db/feed.hpp"
#include "db/position.hpp"

namespace lshost::db {

/// One shadow file.
struct ShadowIndex {
  std::uint64_t index = 0;
  std::string path;
  std::uint64_t end_offset = 0;  ///< what may be read
  bool complete = false;         ///< nothing will follow
  MarkSequence marks;
};

/// A run that can be read: bytes [start.offset, end.offset) of `path`.
struct ShadowRun {
  Position start;
  Position end;
  std::uint32_t page_size = 0;
  UnixNanos commit_ns = 0;
  bool index_complete = false;
  std::string path;
};

/// Thread-safe.
class ShadowCatalog {
 public:
  // ---- the database's thread ----

  /// A generation begins or is found again; replaces all that was known.
  void open(std::string generation, std::uint32_t page_size, std::deque<ShadowIndex> indexes);
  /// The current index is finished and `next` begins. The page size is known by then.
  void begin_index(ShadowIndex next, std::uint32_t page_size);
  /// The current index may be read up to `end_offset`, committed by `now`. Wakes waiters. Returns a finished mark.
  std::optional<CommitMark> publish(std::uint64_t end_offset, UnixNanos now);
  /// The last mark of the current index, finished or not.
  [[nodiscard]] std::optional<CommitMark> last_mark() const;
  /// Forgets indexes below `index`, never the current one; returns the paths of their files.
  [[nodiscard]] std::vector<std::string> trim(std::uint64_t index);
  /// The first index from which on everything up to the tip is at most `bytes_max` long; the current one at least.
  [[nodiscard]] std::uint64_t first_index_within(std::uint64_t bytes_max) const;
  /// True once after a replica asked for a position that lies ahead of the tip, or set_ahead().
  [[nodiscard]] bool take_ahead();

  // ---- replicas ----

  /// A replica holds what this history never had.
  void set_ahead();
  [[nodiscard]] std::optional<FeedStatus> status() const;
  [[nodiscard]] std::variant<ShadowRun, Feed::Miss> find(const Position& from);
  /// How many bytes lie between `from` and the tip. nullopt: `from` is of another generation, not here any more, or
  /// ahead.
  [[nodiscard]] std::optional<std::uint64_t> bytes_since(const Position& from) const;

  /// Waits until `ready(tip)` or stop. `ready` is called with the catalog locked, after each change and each poke().
  [[nodiscard]] Feed::Waited wait(const std::function<bool(const Position& tip)>& ready,
                                  std::optional<std::chrono::nanoseconds> timeout, const std::stop_token& stop);
  /// Makes waiters look again.
  void poke();
  /// Called (locked, so keep it short) after each publish and each generation. nullptr-able; one slot per id.
  void set_listener(const void* id, std::function<void()> listener);

 private:
  [[nodiscard]] std::variant<ShadowRun, Feed::Miss> find_locked(const Position& from) LSHOST_REQUIRES(mutex_);
  [[nodiscard]] Position tip_locked() const LSHOST_REQUIRES(mutex_);
  /// Calls listeners, lets go of the lock, and wakes waiters.
  void tell(MutexLock& lock) LSHOST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Condition changed_;
  std::string generation_ LSHOST_GUARDED_BY(mutex_);
  std::uint32_t page_size_ LSHOST_GUARDED_BY(mutex_) = 0;
  std::deque<ShadowIndex> indexes_ LSHOST_GUARDED_BY(mutex_);  // in order, without gaps; the last is the current one
  Position trimmed_end_ LSHOST_GUARDED_BY(mutex_);  // end of the index before indexes_.front(), if that was trimmed
  bool ahead_ LSHOST_GUARDED_BY(mutex_) = false;
  std::map<const void*, std::function<void()>> listeners_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::db
