#pragma once
// Which version of each page is the newest, while several threads find versions in any order.

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

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

/// Page number to newest version.
///
/// Threads: all from any thread at once. A callback runs with the lock of its pages held, which keeps others from
/// writing an older version over a newer one; it may write to a file and nothing else.
/// Cost: 8 bytes a page, in pieces of 4 KiB, for the numbers that occur.
class PageTable {
 public:
  /// Notes that there is such a version.
  void claim(std::uint32_t page_number, PageVersion version) {
    visit(page_number, 1, [version](std::uint32_t, PageVersion* versions, std::uint32_t) {
      if (versions[0] < version) versions[0] = version;
    });
  }

  /// Calls fn(first, versions, count) for runs that together are the pages [first, first + count).
  template <class Fn>
  void visit(std::uint32_t first, std::uint32_t count, Fn&& fn) {
    while (count > 0) {
      const std::uint32_t within = first % kChunkPages;
      const std::uint32_t run = count < kChunkPages - within ? count : kChunkPages - within;
      Chunk& chunk = chunk_of(first / kChunkPages);
      {
        MutexLock lock(chunk.mutex);
        fn(first, chunk.versions.data() + within, run);
      }
      first += run;
      count -= run;
    }
  }

 private:
  static constexpr std::uint32_t kChunkPages = 512;
  struct Chunk {
    Mutex mutex;
    std::array<PageVersion, kChunkPages> versions LSHOST_GUARDED_BY(mutex){};
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
