#pragma once
// The journal beside each WAL file: up to where it was made durable, and when that was committed. Pure.
//
// A record is written after the WAL bytes it speaks of were synced, and is not synced itself: that would double the
// time from commit to replica. So the journal never says more than the WAL file holds. If it does, the WAL file was
// damaged. If it says less (power was lost), the rest of the WAL file counts as far as its own checksums hold.
//
// Byte by byte, numbers big-endian as in SQLite's files:
//
//   header, 80 bytes               record, 32 bytes
//    0  16  "lshost.commits1\n"     0  8  end_offset: the first byte of the WAL that is not covered
//   16  32  generation, NUL-padded  8  8  commit_ns: all before end_offset was committed by then, since 1970 UTC
//   48   8  index                  16  4  flags: 1 = complete, nothing follows end_offset in this index
//   56   8  both salts of the WAL  20  4  0
//   64   4  page size              24  8  checksum of the 24 bytes before, seeded with the checksum before it
//   68   4  0
//   72   8  checksum of the 72 bytes before
//
// Checksums are XXH3-64. Each continues the one before, so that a record is good only in its place. Reading stops at
// the first record that is not good: what a torn append leaves.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <lshost/wal.hpp>

namespace lshost::file {

/// Which WAL a journal belongs to.
struct JournalHeader {
  std::string generation;  ///< at most 31 bytes
  std::uint64_t index = 0;
  wal::Salt salt;
  std::uint32_t page_size = 0;
  bool operator==(const JournalHeader&) const = default;
};

struct CommitRecord {
  std::uint64_t end_offset = 0;
  std::int64_t commit_ns = 0;
  bool complete = false;
  bool operator==(const CommitRecord&) const = default;
};

inline constexpr std::size_t kJournalHeaderSize = 80;
inline constexpr std::size_t kCommitRecordSize = 32;

/// What a journal file holds, as far as it is good.
struct Journal {
  JournalHeader header;
  std::vector<CommitRecord> records;  ///< end_offset grows; `complete` on the last one only
  std::uint64_t size_bytes = 0;       ///< of the good part
  std::uint64_t checksum = 0;         ///< of the last good part: what the next record continues

  [[nodiscard]] std::uint64_t end_offset() const noexcept { return records.empty() ? 0 : records.back().end_offset; }
  [[nodiscard]] bool complete() const noexcept { return !records.empty() && records.back().complete; }
};

/// nullopt: the header is short or damaged, or it is no journal. Whatever the bytes are, it does not throw.
[[nodiscard]] std::optional<Journal> parse_journal(std::span<const std::byte> bytes);

/// Makes the bytes of a journal, one part after the other.
class JournalEncoder {
 public:
  JournalEncoder() = default;
  /// Goes on behind what was read.
  explicit JournalEncoder(const Journal& behind) noexcept : checksum_(behind.checksum) {}

  [[nodiscard]] std::array<std::byte, kJournalHeaderSize> header(const JournalHeader& header);
  [[nodiscard]] std::array<std::byte, kCommitRecordSize> record(const CommitRecord& record);

 private:
  std::uint64_t checksum_ = 0;
};

}  // namespace lshost::file
