#pragma once
// May capture go on where it stopped? A pure decision from what was captured and what the live log shows.

#include <cstdint>
#include <optional>
#include <string_view>

#include "lshost/wal.hpp"
#include "sqlite/wal_index.hpp"

namespace lshost::db {

/// Why a new generation begins. The list is closed; docs/OPERATIONS.md explains each.
enum class NewGeneration {
  first_start,              ///< there is no local state to go on from
  local_state_damaged,      ///< there is, and it can not be used
  nothing_captured,         ///< the last generation has no frame to go on from
  restarted_while_away,     ///< the log was restarted while no host was attached: what it held may be gone
  went_back,                ///< the log is shorter than what was captured: a rollback of the disk or of a recovery
  diverged,                 ///< the log has another frame where the last captured one was
  page_size_changed,        ///< the database was rebuilt with another page size
  database_replaced,        ///< another file lies under the name
  restarted_while_guarded,  ///< the log was restarted although our lock forbids it: locks were lost or ignored
  replica_ahead,            ///< a replica holds more than we captured: the local state is older than the replica
  capture_not_durable,      ///< the shadow WAL could not be synced
  replica_not_verified,     ///< a verification showed that a replica does not hold what it reported: it is sent again
};

/// One sentence for people: "the log was restarted while no host was attached".
[[nodiscard]] std::string_view to_string(NewGeneration reason) noexcept;

/// What was captured last.
struct LastCapture {
  wal::Salt salt;
  std::uint32_t page_size = 0;
  std::uint64_t frames = 0;
};

/// The live log, as far as the decision needs it.
struct LiveLog {
  sqlite::IndexHeader index;
  /// Does frame `LastCapture.frames` of the live log equal the captured one (page number, size, content)? nullopt: the
  /// live log does not have that frame.
  std::optional<bool> last_frame_equal;
  /// The database file is as it was when it held all that was captured (db/stamp.hpp).
  bool stamp_holds = false;
};

/// nullopt: go on with the frame after the last one captured; if the salts differ, with the first one of the live log.
///
/// The salts of the wal-index decide, never those of the file: after a restart that wrote no frame yet the file still
/// shows the old log.
[[nodiscard]] std::optional<NewGeneration> check_continuity(const LastCapture& last, const LiveLog& live) noexcept;

}  // namespace lshost::db
