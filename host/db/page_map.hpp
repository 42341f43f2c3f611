#pragma once
// The hash of every page of a database at one position: what tells, after a time without a host, which pages changed.

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace lshost::db {

/// XXH3-64 of a page's bytes, never 0.
using PageHash = std::uint64_t;

[[nodiscard]] PageHash hash_page(ByteSpan page) noexcept;

/// The page that SQLite keeps its lock bytes in: it is in no WAL, and what it holds is nobody's.
[[nodiscard]] constexpr std::uint32_t lock_page(std::uint32_t page_size) noexcept {
  return (std::uint32_t{1} << 30) / page_size + 1;
}

/// Memory: 8 bytes a page. Threads: one.
class PageMap {
 public:
  explicit PageMap(std::uint32_t page_size) : page_size_(page_size) {}

  [[nodiscard]] std::uint32_t page_size() const noexcept { return page_size_; }
  [[nodiscard]] std::uint32_t size_pages() const noexcept { return static_cast<std::uint32_t>(hashes_.size()); }
  /// Pages behind `pages` are forgotten, new ones are not known.
  void resize(std::uint32_t pages) { hashes_.resize(pages, kUnknown); }
  /// REQUIRES: 1 <= page. The map grows to it.
  void set(std::uint32_t page, PageHash hash) {
    if (page > hashes_.size()) resize(page);
    hashes_[page - 1] = hash;
  }
  /// False for a page that is not known. REQUIRES: 1 <= page.
  [[nodiscard]] bool holds(std::uint32_t page, PageHash hash) const noexcept {
    return page <= hashes_.size() && hashes_[page - 1] == hash;
  }
  [[nodiscard]] const std::vector<PageHash>& hashes() const noexcept { return hashes_; }

 private:
  static constexpr PageHash kUnknown = 0;

  std::uint32_t page_size_;
  std::vector<PageHash> hashes_;  // of page 1, 2, ...
};

/// What the frames of one finished index make of a map: the last hash of each of their pages, and the size in the end.
struct PageChanges {
  struct Entry {
    std::uint32_t page = 0;
    PageHash hash = 0;
  };
  std::vector<Entry> entries;    ///< by page, one each
  std::uint32_t size_pages = 0;  ///< of the database behind them; 0: there was no frame

  void apply_to(PageMap& map) const;
};

}  // namespace lshost::db
