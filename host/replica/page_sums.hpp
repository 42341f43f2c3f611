#pragma once
// A checksum of every page of a database at one moment: enough to tell another copy from it, and gone from nobody's
// disk.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/byte_stream.hpp"
#include "base/bytes.hpp"

namespace lshost::replica {

/// XXH3-64 of each page. Memory: 8 bytes a page, 2 MiB for a gigabyte of pages of 4 KiB.
/// The page of SQLite's lock bytes holds nothing and counts as 0.
struct PageSums {
  std::uint32_t page_size = 0;  ///< bytes
  std::vector<std::uint64_t> sums;

  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return std::uint64_t{page_size} * sums.size(); }
};

/// Where two copies of a database differ.
struct PageDifference {
  std::uint64_t expected_pages = 0;
  std::uint64_t found_pages = 0;
  std::uint64_t differing = 0;              ///< pages that differ, or are only in one
  std::vector<std::uint32_t> page_numbers;  ///< the first of them, at most kPageNumbersMax
  static constexpr std::size_t kPageNumbersMax = 16;

  [[nodiscard]] bool is_equal() const noexcept { return differing == 0; }
};

/// Sums the whole of `image`, whose size is a multiple of `page_size`. `between` is called after each block, and may
/// throw to end it. Throws what the stream throws; Error{corrupt} if it ends inside a page.
[[nodiscard]] PageSums sum_pages(ByteStream& image, std::uint32_t page_size, const std::function<void()>& between);

/// Which pages must not be compared: those that were written to one copy since. Empty: all are compared.
using SkipPage = std::function<bool(std::uint32_t page_number)>;

[[nodiscard]] PageDifference compare_pages(const PageSums& expected, const PageSums& found, const SkipPage& skip = {});

/// "1 of 40 pages differs: 7", "3 of 40 pages differ: 7, 8, 9", "... 7, 8, ... and 90 more"; sizes where they differ.
[[nodiscard]] std::string to_string(const PageDifference& difference);

}  // namespace lshost::replica
