#pragma once
// Logs made by SQLite itself, and the same logs changed in ways that SQLite never would.

#include <cstdint>
#include <string>
#include <vector>

#include "lshost/wal.hpp"
#include "support/app_database.hpp"

namespace lshost::test {

/// The -wal that SQLite writes for `statements` in a new database, each committing for itself unless it says
/// otherwise. The first transaction is the switch to WAL mode and has no frames here.
[[nodiscard]] Bytes real_wal(const std::vector<std::string>& statements, std::uint32_t page_size = 4096);

/// How many whole frames there are room for behind the header.
[[nodiscard]] std::uint64_t frame_count(ByteSpan wal);
/// Frame `index` (from 0), header and page.
[[nodiscard]] ByteSpan frame_at(ByteSpan wal, std::uint64_t index);
[[nodiscard]] MutableByteSpan frame_at(Bytes& wal, std::uint64_t index);

/// Gives every frame from `first` on the salts of the header and a valid running checksum.
void seal(Bytes& wal, std::uint64_t first = 0);

/// The same transactions as a big-endian machine writes them: magic ..83 and checksums over big-endian words.
[[nodiscard]] Bytes with_big_endian_checksums(Bytes wal);

}  // namespace lshost::test
