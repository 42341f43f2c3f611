#pragma once
// How far the bytes of a WAL file are good, frame by frame. Pure.
//
// One class for the three places that must never trust a size: the tail that is found at the destination, the bytes
// that are about to be appended, and the bytes that are read back for a restore.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <lshost/wal.hpp>

namespace lshost::file {

/// Follows a WAL from its first byte, or from behind a known frame.
///
/// Example:
///     WalChecker checker;
///     while (more) if (!checker.feed(next_bytes)) break;
///     truncate(checker.committed_end());
///
/// Threads: one at a time. Cost: SQLite's checksum over each byte once; a frame that is cut by two feeds is copied.
class WalChecker {
 public:
  WalChecker() = default;
  /// Goes on at `end`, behind a commit frame whose running checksum was `sum`.
  WalChecker(const wal::Header& header, wal::Checksum sum, std::uint64_t end);

  /// Takes the next bytes, cut anywhere. False, from then on for ever: they are not the continuation of this WAL.
  [[nodiscard]] bool feed(std::span<const std::byte> bytes);

  /// nullopt: not seen yet, or damaged.
  [[nodiscard]] const std::optional<wal::Header>& header() const noexcept { return header_; }
  /// The offset behind the last commit frame; 0: there was none.
  [[nodiscard]] std::uint64_t committed_end() const noexcept { return committed_end_; }
  /// The offset behind the last good frame, committed or not.
  [[nodiscard]] std::uint64_t valid_end() const noexcept { return valid_end_; }
  /// A checker that goes on at committed_end(), forgetting what came after. REQUIRES: header() is there.
  [[nodiscard]] WalChecker at_committed_end() const;

 private:
  /// Takes one whole unit (the header or a frame) off the front of `bytes`.
  bool take_header(std::span<const std::byte> bytes);
  bool take_frame(std::span<const std::byte> bytes);
  [[nodiscard]] std::size_t unit_size() const noexcept;

  std::optional<wal::Header> header_;
  std::optional<wal::Chain> chain_;
  std::vector<std::byte> partial_;  // the beginning of a unit whose end has not come yet
  wal::Checksum committed_sum_;
  std::uint64_t committed_end_ = 0;
  std::uint64_t valid_end_ = 0;
  bool good_ = true;
};

}  // namespace lshost::file
