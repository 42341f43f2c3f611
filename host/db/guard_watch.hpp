#pragma once
// Looks at an attached database from outside its thread: has anything changed that no event told of, and does the
// thread keep up with a log that our locks keep from restarting? If not, lets the locks go.

#include <cstdint>
#include <optional>

#include "base/mutex.hpp"
#include "db/attachment.hpp"
#include "db/dead_man.hpp"

namespace lshost::db {

/// Threads: begin and end on the database's thread, look on the watcher's. end() waits for a look that is going on, and
/// a look waits for no file: it reads shared memory and gives back locks.
class GuardWatch {
 public:
  /// `limit_bytes`: a smaller log is nobody's concern. `phase`: any number, so that not all databases are looked at
  /// together.
  GuardWatch(std::uint64_t limit_bytes, std::uint64_t phase) noexcept : limit_bytes_(limit_bytes), ticks_(phase) {}

  /// From now on `attachment` is looked at. REQUIRES: it lives until end().
  void begin(Attachment& attachment);
  void end() noexcept;

  struct Seen {
    bool wants_a_round = false;      ///< something changed, or the thread has to show that it moves
    std::optional<WhyLetGo> let_go;  ///< the locks were let go by this look
    std::uint64_t log_bytes = 0;     ///< if let_go
  };
  /// To be called once a second. Cost: nothing in four of five calls while the log is within the limit.
  [[nodiscard]] Seen look() noexcept;

 private:
  void watch_limit(Seen& seen) LSHOST_REQUIRES(mutex_);

  const std::uint64_t limit_bytes_;
  Mutex mutex_;
  std::uint64_t ticks_ LSHOST_GUARDED_BY(mutex_);
  Attachment* attachment_ LSHOST_GUARDED_BY(mutex_) = nullptr;
  std::optional<sqlite::WalIndex::Glance> glance_ LSHOST_GUARDED_BY(mutex_);
  std::optional<GuardLook> last_ LSHOST_GUARDED_BY(mutex_);  // only of a log beyond the limit
  LooksInVain in_vain_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::db
