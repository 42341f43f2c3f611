#pragma once
// What one index at the destination holds, from its two files, without changing them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lshost/replicator.hpp>

#include "commit_journal.hpp"
#include "disk.hpp"
#include "layout.hpp"

namespace lshost::file {

/// One index as it lies there.
struct StoredWal {
  std::uint64_t end = 0;              ///< behind the last commit that is good; if damaged: what was once stored
  bool complete = false;              ///< no byte follows `end` in this index
  std::vector<CommitRecord> commits;  ///< in order; the last one ends at `end`
  std::string damage;                 ///< "" or a sentence that names the file and the missing position
};

/// How the journal and the WAL file fit together. Pure.
///
/// `checked`: how far the WAL file's own checksums hold, at least behind the journal's end.
struct WalVerdict {
  std::uint64_t end = 0;
  bool complete = false;
  std::string damage;  ///< "" or what is wrong, without the file's name
};
[[nodiscard]] WalVerdict judge(const std::optional<Journal>& journal, const std::string& generation,
                               std::uint64_t index, const std::optional<wal::Header>& wal_header,
                               std::uint64_t checked_end);

/// nullopt: there is no WAL file and no journal that says there was one. Reads the journal, and of the WAL file only
/// what the journal does not vouch for: cheap unless power was lost. Throws Error if it can not look.
[[nodiscard]] std::optional<StoredWal> look_at_wal(const Disk& disk, const Layout& layout,
                                                   const std::string& generation, std::uint64_t index);

/// The journal of an index; nullopt: none, or no good one.
[[nodiscard]] std::optional<Journal> read_journal(const Disk& disk, const Layout& layout, const std::string& generation,
                                                  std::uint64_t index);

/// The frame that ends at `at`; empty: there is none, or no good header that says how long one is.
[[nodiscard]] std::vector<std::byte> last_frame(const Disk& disk, const Layout& layout, const Position& at);

/// "generation/index:offset" as the host prints it.
[[nodiscard]] std::string print(const std::string& generation, std::uint64_t index, std::uint64_t offset);

}  // namespace lshost::file
