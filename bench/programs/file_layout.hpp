#pragma once
// What lies beside snapshots and WAL in the layout of lshost's file plugin, written from its description alone
// (plugins/file/snapshot_info.hpp and commit_journal.hpp), so that what measures shares no code with what is measured.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lshost::bench {

/// The `.info` of a snapshot of index 0, offset 0.
[[nodiscard]] std::string snapshot_info(std::string_view generation, std::span<const char> image,
                                        std::int64_t created_ns);

/// The `.commits` of one index: each commit's end in `wal`, one record each.
struct WalIndex {
  std::uint64_t index = 0;
  std::span<const char> wal;
  std::vector<std::uint64_t> commit_ends;
  std::int64_t committed_ns = 0;  ///< by when all of it was committed
  bool is_complete = true;        ///< false: the last one, which could still grow
};
[[nodiscard]] std::string commit_journal(std::string_view generation, const WalIndex& index);

}  // namespace lshost::bench
