#pragma once
// Whether two database files hold the same pages.

#include <cstdint>
#include <string>
#include <vector>

namespace lshost::replica {

struct DatabaseDifference {
  std::uint32_t page_size = 0;  ///< bytes, of the first
  std::uint64_t first_size_bytes = 0;
  std::uint64_t second_size_bytes = 0;
  std::vector<std::uint32_t> page_numbers;  ///< that differ, or are only in one; at most `pages_max` of them

  [[nodiscard]] bool is_equal() const noexcept { return first_size_bytes == second_size_bytes && page_numbers.empty(); }
};

/// Compares two files page by page, as they lie on the disk: without their WAL. Both must be at rest.
/// Throws Error{corrupt} if the first is not a database. The page of SQLite's lock bytes is not compared.
/// REQUIRES: this process has neither open with SQLite.
[[nodiscard]] DatabaseDifference compare_databases(const std::string& first, const std::string& second,
                                                   std::size_t pages_max = 100);

/// "equal", or "40960 and 45056 bytes; pages that differ: 7, 8".
[[nodiscard]] std::string to_string(const DatabaseDifference& difference);

}  // namespace lshost::replica
