#pragma once
// A run of a database's pages on its way to the file.

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace lshost::replica {

struct PageBlock {
  /// A whole number of pages of every size; small enough to be in the processor's cache when it is written.
  static constexpr std::size_t kSize = 64 << 10;

  std::uint64_t offset = 0;  ///< in the database
  std::vector<std::byte> bytes;
};

}  // namespace lshost::replica
