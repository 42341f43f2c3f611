#pragma once
// From the end of what was captured to what the database is now, when the log between them is gone.
//
// The application went on without a host, moved its log into the file and restarted it. What is missing is not known
// transaction by transaction any more, but page by page: each page of the file whose hash is not the map's, and the
// last version of each page in the live log, become one synthesized transaction, in an index of its own. The generation
// goes on; the states in between are lost.
//
// It holds although the application goes on meanwhile: the file is read first, the wal-index afterwards. A page that a
// checkpoint moves into the file in between is in a frame that the wal-index then covers, and that frame comes last; no
// other page of the file changes. The attachment's guard keeps the log from being restarted.

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "db/attachment.hpp"
#include "db/page_map.hpp"
#include "db/shadow_wal.hpp"

namespace lshost::db {

struct Bridge {
  std::uint64_t pages_compared = 0;
  std::uint64_t pages_sent = 0;
  /// The live log's checksum at the frame that the shadow WAL is linked to; nullopt: the live log is empty.
  std::optional<wal::Checksum> live_sum;
};

/// Appends the bridge to `shadow` and publishes it; nothing at all if nothing changed. `map` is the map of what
/// `shadow` ends with. nullopt: it would be larger than `bytes_max`; then the shadow WAL's current index is of no use.
/// REQUIRES: the attachment is guarded; map.page_size() is that of the database.
/// Throws Error{transient} if the wal-index stays unreadable, and errors of the file system; after that the current
/// index may hold frames that are not published, which the next begin_index() replaces. Cost: reads the database file
/// once, and the live log; memory 12 bytes for each frame of the log.
[[nodiscard]] std::optional<Bridge> build_bridge(Attachment& attachment, ShadowWal& shadow, const PageMap& map,
                                                 std::uint64_t bytes_max, const Clock& clock);

}  // namespace lshost::db
