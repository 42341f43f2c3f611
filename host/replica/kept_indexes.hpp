#pragma once
// Indexes that lie in files of their own, kept open so that single pages can be read from them again.

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "replica/index_stream.hpp"
#include "replica/page_table.hpp"
#include "replica/restore_plan.hpp"

namespace lshost::replica {

[[nodiscard]] PageSum page_sum(ByteSpan page) noexcept;

/// Of the steps of one plan, by ordinal. Ownership: keeps the streams, each with an open file; borrows the plan.
/// Threads: reserve and keep from any thread at once, each ordinal from one; the rest once all are done.
class KeptIndexes {
 public:
  /// `most`: how many are kept open at once.
  KeptIndexes(const RestorePlan& plan, std::size_t most)
      : plan_(plan), runs_(plan.steps.size()), places_left_(static_cast<std::int64_t>(most)) {}

  /// False: there is no place for another one.
  [[nodiscard]] bool reserve() noexcept { return places_left_.fetch_sub(1, std::memory_order_relaxed) > 0; }
  /// `index` was proven, and a place reserved for it.
  void keep(std::uint32_t ordinal, FileRun index) { runs_[ordinal] = std::move(index); }

  [[nodiscard]] bool has(PageVersion version) const noexcept {
    return version != kSnapshotVersion && runs_[index_ordinal_of(version)].stream != nullptr;
  }
  /// Reads the page of a frame again, `into` being as large as a page. REQUIRES: has(version). Cost: one pread.
  /// Throws Error{corrupt} with the position if it is not the page that `sum` was made of.
  void read_page(PageVersion version, PageSum sum, MutableByteSpan into) const;

 private:
  const RestorePlan& plan_;
  std::vector<FileRun> runs_;
  std::atomic<std::int64_t> places_left_;
};

}  // namespace lshost::replica
