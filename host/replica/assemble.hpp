#pragma once
// Makes the database of a plan out of its snapshot and its WAL, each page taken from its newest version.
//
// No SQLite and no checkpoint per index: every index is read once and proven (index_walk.hpp), its pages are entered
// into a table of newest versions (page_table.hpp), and a version is written only while it is the newest. Indexes are
// taken newest first, so nearly every page is written once, and by several threads at once, because each index has a
// checksum chain of its own. Then the snapshot streams past, and the pages that no index had are taken from it in large
// runs, by one thread.
//
// Size: each index ends in a database of some size, and pages behind that end are gone, exactly as if SQLite had
// checkpointed the index. A page that comes back later without having been written (a free page) is zero.

#include <cstdint>
#include <stop_token>

#include "replica/replicator.hpp"
#include "replica/restore_plan.hpp"
#include "replica/restore_progress.hpp"
#include "replica/scratch_file.hpp"

namespace lshost::replica {

struct AssembleOptions {
  /// 0: one a processor, between two and eight, where indexes are files, which costs processors; eight where they are
  /// not, which costs round trips.
  unsigned threads = 0;
  std::uint64_t index_memory_bytes = std::uint64_t{8} << 20;  ///< each thread; larger indexes are read twice
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
/// what the replicator throws. Memory: index_memory_bytes and 1 MiB a thread, 8 bytes a page.
[[nodiscard]] Assembled assemble(Replicator& replicator, const RestorePlan& plan, const AssembleOptions& options,
                                 ScratchFile& out, RestoreProgress& progress);

}  // namespace lshost::replica
