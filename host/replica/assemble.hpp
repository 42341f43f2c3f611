#pragma once
// Makes the database of a plan out of its snapshot and its WAL, each page taken from its newest version.
//
// No SQLite and no checkpoint per index. The first pass (wal_pass.hpp) reads every index once, proves it
// (index_walk.hpp), and enters its pages into a table of newest versions (page_table.hpp); newest indexes first, by
// several threads at once, because each index has a checksum chain of its own. The second pass (page_pass.hpp) reads
// the snapshot and writes the file in the order of its pages, which costs half of what writing them as they come does,
// and leaves a file that lies in one piece. It takes newer pages from the indexes, where these are files. Where they
// are not, reading one again costs round trips: there the first pass writes a version while it is the newest.
//
// Size: each index ends in a database of some size, and pages behind that end are gone, exactly as if SQLite had
// checkpointed the index. A page that comes back later without having been written (a free page) is zero.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "replica/replicator.hpp"
#include "replica/restore_plan.hpp"
#include "replica/restore_progress.hpp"
#include "replica/scratch_file.hpp"

namespace lshost::replica {

struct AssembleOptions {
  /// 0: one a processor, between two and eight, where indexes are files, which costs processors; eight where they are
  /// not, which costs round trips.
  unsigned threads = 0;
  /// How many indexes that are files are kept open between the passes; none: half of the files that may be open.
  std::optional<std::size_t> kept_indexes_max;
  /// Each thread, for the other indexes; larger ones are read twice.
  std::uint64_t index_memory_bytes = std::uint64_t{8} << 20;
  std::string spool_directory;  ///< for large indexes that are not files at the destination
  std::stop_token stop;
};

struct Assembled {
  std::uint32_t page_size = 0;  ///< bytes; 0: the database has no pages
  std::uint64_t size_bytes = 0;
  std::uint64_t wal_frames = 0;  ///< proven
};

/// Fills `out`, which is empty. Not synced.
/// Errors: Error{corrupt} with the position for bytes that are not what they must be, {cancelled} when stopped, and
/// what the replicator throws. Memory: index_memory_bytes and 1 MiB a thread, 12 bytes a page.
[[nodiscard]] Assembled assemble(Replicator& replicator, const RestorePlan& plan, const AssembleOptions& options,
                                 ScratchFile& out, RestoreProgress& progress);

}  // namespace lshost::replica
