#pragma once
// Which version of each page is the newest, while several threads find versions in any order.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"

namespace lshost::replica {

/// A page's version: the ordinal of its index in the plan, and its frame in it, so that a later frame compares greater.
/// 0 is the snapshot's.
using PageVersion = std::uint64_t;
inline constexpr PageVersion kSnapshotVersion = 0;

[[nodiscard]] constexpr PageVersion page_version(std::uint32_t index_ordinal, std::uint32_t frame) noexcept {
  return (PageVersion{index_ordinal} + 1) << 32 | frame;
}
/// REQUIRES: not the snapshot's version.
[[nodiscard]] constexpr std::uint32_t index_ordinal_of(PageVersion version) noexcept {
  return static_cast<std::uint32_t>((version >> 32) - 1);
}

/// REQUIRES: not the snapshot's version.
[[nodiscard]] constexpr std::uint32_t frame_of(PageVersion version) noexcept {
  return static_cast<std::uint32_t>(version);
}

/// XXH3-64 of a page, its lower half: to know a proven page again, not to prove one.
using PageSum = std::uint32_t;

/// Page number to newest version.
///
/// Threads: all from any thread at once. A callback runs with the lock of its pages held, which keeps others from
/// writing an older version over a newer one; it may read and write files and nothing else.
/// Cost: 12 bytes a page, in pieces of 6 KiB, for the numbers that occur.
class PageTable {
 public:
  /// Pages that lie one after the other.
  struct Run {
    std::uint32_t first;  ///< page number
    std::span<PageVersion> versions;
    std::span<PageSum> sums;
  };

  /// Notes that there is such a version, and the sum that `sum()` gives, which is asked for only if it is the newest.
  template <class Sum>
  void claim(std::uint32_t page_number, PageVersion version, Sum&& sum) {
    visit(page_number, 1, [&](const Run& run) {
      if (run.versions[0] >= version) return;
      run.versions[0] = version;
      run.sums[0] = sum();
    });
  }

  /// Calls fn(run) for runs that together are the pages [first, first + count).
  template <class Fn>
  void visit(std::uint32_t first, std::uint32_t count, Fn&& fn) {
    while (count > 0) {
      const std::uint32_t within = first % kChunkPages;
      const std::uint32_t pages = count < kChunkPages - within ? count : kChunkPages - within;
      Chunk& chunk = chunk_of(first / kChunkPages);
      {
        MutexLock lock(chunk.mutex);
        fn(Run{first, std::span(chunk.versions).subspan(within, pages), std::span(chunk.sums).subspan(within, pages)});
      }
      first += pages;
      count -= pages;
    }
  }

  /// Pages first, first + 1, ...
  struct Range {
    std::uint32_t first;
    std::uint32_t count;
  };

  /// Of the pages [first, first + count), ranges in order that have all those that were ever claimed or visited, and
  /// few others. A database may say that it has four billion pages: what takes memory for each is done for these.
  [[nodiscard]] std::vector<Range> known(std::uint32_t first, std::uint32_t count) LSHOST_EXCLUDES(mutex_) {
    std::vector<std::uint32_t> numbers;
    const std::uint64_t end = std::uint64_t{first} + count;
    {
      MutexLock lock(mutex_);
      for (const auto& [number, chunk] : chunks_) numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    std::vector<Range> ranges;
    for (const std::uint64_t number : numbers) {
      const std::uint64_t begin = std::max<std::uint64_t>(number * kChunkPages, first);
      const std::uint64_t until = std::min<std::uint64_t>((number + 1) * kChunkPages, end);
      if (begin < until)
        ranges.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(until - begin)});
    }
    return ranges;
  }

 private:
  static constexpr std::uint32_t kChunkPages = 512;
  struct Chunk {
    Mutex mutex;
    std::array<PageVersion, kChunkPages> versions LSHOST_GUARDED_BY(mutex){};
    std::array<PageSum, kChunkPages> sums LSHOST_GUARDED_BY(mutex){};
  };

  Chunk& chunk_of(std::uint32_t number) LSHOST_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto& chunk = chunks_[number];
    if (!chunk) chunk = std::make_unique<Chunk>();
    return *chunk;
  }

  Mutex mutex_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Chunk>> chunks_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::replica
