#pragma once
// The first pass of a restore: every index is read once and proven, and the newest version of each page is found.

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "replica/index_walk.hpp"
#include "replica/kept_indexes.hpp"
#include "replica/page_table.hpp"
#include "replica/replicator.hpp"
#include "replica/restore_plan.hpp"
#include "replica/scratch_file.hpp"

namespace lshost::replica {

/// Where indexes are files that stay open (kept_indexes.hpp), the pass writes nothing: the second one reads the pages
/// again, each once. Pages of other indexes are written here and now, while they are the newest that were found.
/// Threads: apply from any thread at once, each ordinal once; the rest as said. What is given is borrowed.
class WalPass {
 public:
  struct Limits {
    std::uint64_t index_memory_bytes;  ///< larger indexes that are not kept are read twice
    std::string spool_directory;       ///< for those of them that are no files
    std::function<void()> throw_if_stopped;
  };

  /// `page_size`: of the snapshot; 0: it has no pages.
  WalPass(Replicator& replicator, const RestorePlan& plan, const Limits& limits, std::uint32_t page_size,
          PageTable& table, KeptIndexes& kept, ScratchFile& out);

  /// Proves a step of the plan and enters its pages. `buffer` is the thread's own.
  void apply(std::uint32_t ordinal, std::vector<std::byte>& buffer);

  /// True once an index was seen that is no run of files. From any thread.
  [[nodiscard]] bool is_remote() const noexcept { return is_remote_; }
  /// Bytes; 0: neither the snapshot nor an index that was applied has pages. From any thread.
  [[nodiscard]] std::uint32_t page_size() const noexcept { return page_size_; }
  /// Frames that were proven. From any thread.
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  /// Of the database at the end of each step. Once all were applied.
  [[nodiscard]] const std::vector<std::uint32_t>& end_pages() const noexcept { return end_pages_; }

 private:
  void apply_kept(std::uint32_t ordinal, IndexStream& stream, std::vector<std::byte>& buffer);
  void apply_from_memory(std::uint32_t ordinal, IndexStream& stream, std::vector<std::byte>& buffer);
  void apply_twice(std::uint32_t ordinal, IndexStream& stream, std::vector<std::byte>& buffer);
  void write_if_newest(PageVersion version, std::uint32_t page_number, ByteSpan page);
  void end_index(std::uint32_t ordinal, const IndexWalk& walk);
  void agree_on_page_size(std::uint32_t page_size, const db::Position& where);

  Replicator& replicator_;
  const RestorePlan& plan_;
  const Limits& limits_;
  PageTable& table_;
  KeptIndexes& kept_;
  ScratchFile& out_;

  std::atomic<std::uint32_t> page_size_;
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<bool> is_remote_{false};
  std::vector<std::uint32_t> end_pages_;  // element i is written by the thread that applies step i
};

}  // namespace lshost::replica
