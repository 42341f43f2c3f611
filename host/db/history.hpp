#pragma once
// The history of a database for as long as the host is attached to it: where it goes on, and what is captured of it.
//
// At the beginning it goes on where an earlier run ended, if the log or a stamp proves that nothing is missing; or over
// a bridge; or as a new generation. From then on it captures what is committed, and keeps ready what the next start
// needs: stamp, page map, origin. It knows nothing of threads, of checkpoints, and of who reads it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "db/attachment.hpp"
#include "db/capture.hpp"
#include "db/continuity.hpp"
#include "db/meta_dir.hpp"
#include "db/origin_keeper.hpp"
#include "db/page_map_keeper.hpp"
#include "db/shadow_catalog.hpp"
#include "db/shadow_wal.hpp"
#include "db/stamp_keeper.hpp"
#include "os/fs.hpp"

namespace lshost::db {

struct HistorySetup {
  MetaDir meta;
  std::string database_name;                 ///< for log lines
  std::uint64_t limit_bytes = 0;             ///< of the shadow WAL, and of a bridge
  std::chrono::milliseconds page_map_delay;  ///< a page map that is not there is not begun before
  /// Called before a generation ends: nobody may read its images any more. Must not throw.
  std::function<void()> before_new_generation;
};

/// Ownership: borrows all that it is made with; lives as long as the attachment, and not longer.
/// Threads:   the database's thread.
/// Errors:    Error of the file system, of capture (db/capture.hpp) and of the attachment. A round can be repeated; a
///            generation that could not begin is not shown to replicas.
class History {
 public:
  History(os::Fs& fs, Attachment& attachment, ShadowCatalog& catalog, OriginKeeper& origin, const Clock& clock,
          HistorySetup setup);
  /// Stores the last commit time. The shadow WAL stays as it is for the next start.
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Decides where it goes on, captures what is committed, and shows both to the replicas. Call it first, and once.
  /// Cost: reads the current index of the shadow WAL; for a bridge, the database.
  void open();
  void begin_generation(NewGeneration reason);

  /// Returns true if something was captured.
  [[nodiscard]] bool capture_round();
  /// Everything that was committed when it was called is captured on return.
  void capture_committed();
  /// The wal-index could not be read at the last round: look again soon.
  [[nodiscard]] bool is_torn() const noexcept { return torn_since_.has_value(); }

  /// Reads some of the database for a map that is not there yet. How long until there is more to do.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> make_page_map();
  /// Makes a stamp if there is one to make. How long until that can be done.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> make_stamp() { return stamps_.keep(shadow_.tip()); }
  /// As for leaving: waits until it can be done, kStampAge at most.
  void make_last_stamp() { stamps_.keep_last(shadow_.tip()); }

  /// Nobody needs an index below `needed`: what is not kept in reserve goes.
  void trim(std::uint64_t needed);
  /// Lets go of what is beyond the limit, whoever may need it. False: nothing is.
  [[nodiscard]] bool keep_within_limit();

  [[nodiscard]] const ShadowWal& shadow() const noexcept { return shadow_; }
  [[nodiscard]] Capture& capture() noexcept { return capture_; }
  /// Of the live log, up to the last committed frame; 0 as long as nothing of it is captured.
  [[nodiscard]] std::uint64_t log_bytes() const;

 private:
  /// nullopt: capture goes on where an earlier run stopped. Else why not; `detail` may say more.
  [[nodiscard]] std::optional<NewGeneration> resume(std::string& detail);
  /// Goes on in the same generation behind a time without a host. False: that can not be proven, or is too much.
  [[nodiscard]] bool try_bridge(NewGeneration reason);
  void mend_torn_index();

  const HistorySetup setup_;
  Attachment& attachment_;
  ShadowCatalog& catalog_;
  OriginKeeper& origin_;
  const Clock& clock_;
  ShadowWal shadow_;
  Capture capture_;
  StampKeeper stamps_;
  PageMapKeeper pages_;
  std::chrono::steady_clock::time_point pages_due_;  // a map that is not there is not begun before
  std::optional<std::chrono::steady_clock::time_point> torn_since_;
};

}  // namespace lshost::db
