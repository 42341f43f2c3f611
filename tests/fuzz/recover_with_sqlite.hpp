#pragma once
// How much of a WAL SQLite itself takes, without a disk: its recovery, run on a database and a log in memory.

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "lshost/wal.hpp"

namespace lshost::fuzz {

/// What recovery wrote into the wal-index.
struct Recovered {
  std::uint64_t frames = 0;  ///< mxFrame: up to and with the last commit frame
  std::uint32_t page_size = 0;
  std::uint32_t db_size_pages = 0;
  wal::Checksum sum;  ///< of the last of these frames
};

/// nullopt: SQLite did not come to read the log (it is of another version). Cost: some 50 microseconds. One thread.
[[nodiscard]] std::optional<Recovered> recover_with_sqlite(ByteSpan wal);

}  // namespace lshost::fuzz
