#pragma once
// Reads the committed transactions of a SQLite write-ahead log that lies in memory.
//
// The format is SQLite's; its numbers live in lshost/wal.hpp. This file knows nothing of generations,
// indexes or replication.

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "lshost/wal.hpp"

namespace lshost::sqlite {

/// Why next() had nothing more to give: what stands right behind the last commit frame. None of these is an
/// error: a log that is being written, or was left by a crash, ends in one of them.
enum class WalEnd {
  none,               ///< next() has not reached the end yet
  end_of_file,        ///< the log stops exactly after a commit frame
  partial_frame,      ///< the log stops inside a header or a page
  salt_mismatch,      ///< the next frame is left over from before the last restart
  checksum_mismatch,  ///< the next frame is torn or still being written
  uncommitted_tail,   ///< at least one whole, valid frame follows but no commit frame does
};

/// One committed transaction: the bytes [offset, offset + size) of the log, frames unchanged.
struct WalTransaction {
  std::uint64_t offset;         ///< of the first frame header, in bytes from the start of the file
  std::uint64_t size;           ///< in bytes; a whole number of frames, at least one
  std::uint32_t db_size_pages;  ///< size of the database after the commit
};

/// Walks one log from its header to the last committed transaction.
///
/// Ownership: borrows `wal`, which must outlive the reader and not change while it is used.
/// Threads:   one at a time; distinct readers are independent.
/// Errors:    the constructor throws Error{corrupt} if the header is short or its magic, version, page size
///            or checksum is wrong. next() does not throw.
/// Cost:      one pass, O(bytes read), no allocation.
class WalReader {
 public:
  explicit WalReader(ByteSpan wal);

  /// The next committed transaction, or nullopt at the end; end() then says why. After nullopt every further
  /// call returns nullopt.
  [[nodiscard]] std::optional<WalTransaction> next();

  [[nodiscard]] WalEnd end() const noexcept { return end_; }
  [[nodiscard]] const wal::Header& header() const noexcept { return chain_.header(); }

 private:
  /// Why the bytes behind the last commit frame do not begin with a frame of this log.
  [[nodiscard]] WalEnd why_not(ByteSpan rest) const noexcept;

  ByteSpan wal_;
  wal::Chain chain_;
  WalEnd end_ = WalEnd::none;
};

}  // namespace lshost::sqlite
