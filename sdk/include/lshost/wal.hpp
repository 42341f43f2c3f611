// lshost/wal.hpp - SQLite's write-ahead log as bytes: sizes, headers, checksums. C++20, header only.
// SPDX-License-Identifier: MIT
//
// Source of the format: https://www.sqlite.org/fileformat2.html#walformat. For replicators that look into the
// WAL they copy, for example to find out how much of a file at the destination is good. The host uses the same
// code. Nothing here reads files, allocates or throws.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace lshost::wal {

inline constexpr std::size_t kHeaderSize = 32;                   ///< of the file, before the first frame
inline constexpr std::size_t kFrameHeaderSize = 24;              ///< before each page
inline constexpr std::uint32_t kMagicLittleEndian = 0x377f0682;  ///< checksums over little-endian words
inline constexpr std::uint32_t kMagicBigEndian = 0x377f0683;     ///< checksums over big-endian words
inline constexpr std::uint32_t kFormatVersion = 3007000;

/// The pair that ties the frames of one WAL lifetime together.
struct Salt {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Salt&) const = default;
};

/// SQLite's running checksum. Each frame continues the value of the frame before it.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Checksum&) const = default;
};

/// Loads a 32-bit big-endian word: all numbers in headers are big-endian.
[[nodiscard]] inline std::uint32_t load32(const std::byte* from) noexcept {
  std::uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::big ? value : __builtin_bswap32(value);
}

inline void store32(std::byte* to, std::uint32_t value) noexcept {
  if constexpr (std::endian::native != std::endian::big) value = __builtin_bswap32(value);
  std::memcpy(to, &value, sizeof value);
}

/// Continues `sum` over `data`. REQUIRES: data.size() is a multiple of 8.
/// Cost: a serial chain, about 5 GB/s.
[[nodiscard]] inline Checksum checksum(Checksum sum, std::span<const std::byte> data, bool big_endian_words) noexcept {
  std::uint32_t s0 = sum.first;
  std::uint32_t s1 = sum.second;
  const bool swap = big_endian_words != (std::endian::native == std::endian::big);
  const std::byte* at = data.data();
  const std::byte* const end = at + data.size();
  if (swap) {
    for (; at != end; at += 8) {
      std::uint32_t word[2];
      std::memcpy(word, at, 8);
      s0 += __builtin_bswap32(word[0]) + s1;
      s1 += __builtin_bswap32(word[1]) + s0;
    }
  } else {
    for (; at != end; at += 8) {
      std::uint32_t word[2];
      std::memcpy(word, at, 8);
      s0 += word[0] + s1;
      s1 += word[1] + s0;
    }
  }
  return {s0, s1};
}

/// True for the page sizes SQLite has: a power of two from 512 to 65536.
[[nodiscard]] constexpr bool is_page_size(std::uint64_t size) noexcept {
  return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/// The file header, decoded.
struct Header {
  bool big_endian_words = false;
  std::uint32_t page_size = 0;  ///< bytes
  std::uint32_t checkpoint_sequence = 0;
  Salt salt;
  Checksum checksum;  ///< of the header itself: where the chain of frames begins
};

/// Decodes and checks a header. nullopt: magic, version, page size or checksum is wrong.
/// REQUIRES: at least kHeaderSize bytes.
[[nodiscard]] inline std::optional<Header> parse_header(std::span<const std::byte> bytes) noexcept {
  const std::byte* at = bytes.data();
  const std::uint32_t magic = load32(at);
  if (magic != kMagicLittleEndian && magic != kMagicBigEndian) return std::nullopt;
  if (load32(at + 4) != kFormatVersion) return std::nullopt;
  Header header;
  header.big_endian_words = magic == kMagicBigEndian;
  header.page_size = load32(at + 8);
  header.checkpoint_sequence = load32(at + 12);
  header.salt = {load32(at + 16), load32(at + 20)};
  header.checksum = {load32(at + 24), load32(at + 28)};
  if (!is_page_size(header.page_size)) return std::nullopt;
  if (checksum({}, bytes.first(24), header.big_endian_words) != header.checksum) return std::nullopt;
  return header;
}

/// Encodes a header; header.checksum is computed, not read. REQUIRES: at least kHeaderSize bytes at `to`.
inline void store_header(std::byte* to, const Header& header) noexcept {
  store32(to, header.big_endian_words ? kMagicBigEndian : kMagicLittleEndian);
  store32(to + 4, kFormatVersion);
  store32(to + 8, header.page_size);
  store32(to + 12, header.checkpoint_sequence);
  store32(to + 16, header.salt.first);
  store32(to + 20, header.salt.second);
  const Checksum sum = checksum({}, std::span<const std::byte>(to, 24), header.big_endian_words);
  store32(to + 24, sum.first);
  store32(to + 28, sum.second);
}

/// A frame header, decoded.
struct FrameHeader {
  std::uint32_t page_number = 0;    ///< from 1
  std::uint32_t db_size_pages = 0;  ///< of the database after the commit; 0: not a commit frame
  Salt salt;
  Checksum checksum;  ///< the running value after this frame
  [[nodiscard]] bool is_commit() const noexcept { return db_size_pages != 0; }
};

/// REQUIRES: at least kFrameHeaderSize bytes.
[[nodiscard]] inline FrameHeader parse_frame_header(const std::byte* at) noexcept {
  return {load32(at), load32(at + 4), {load32(at + 8), load32(at + 12)}, {load32(at + 16), load32(at + 20)}};
}

/// The running checksum after a frame, from the value before it.
/// REQUIRES: `frame` is a whole frame (header and page).
[[nodiscard]] inline Checksum frame_checksum(Checksum before, std::span<const std::byte> frame,
                                             bool big_endian_words) noexcept {
  const Checksum after_header = checksum(before, frame.first(8), big_endian_words);
  return checksum(after_header, frame.subspan(kFrameHeaderSize), big_endian_words);
}

/// Bytes of one frame.
[[nodiscard]] constexpr std::uint64_t frame_size(std::uint32_t page_size) noexcept {
  return kFrameHeaderSize + std::uint64_t{page_size};
}

/// The offset behind `frames` frames, which is where frame number `frames` (from 0) begins.
[[nodiscard]] constexpr std::uint64_t frames_end(std::uint64_t frames, std::uint32_t page_size) noexcept {
  return kHeaderSize + frames * frame_size(page_size);
}

/// How many whole frames lie below `offset`. 0 for offsets within the header.
[[nodiscard]] constexpr std::uint64_t frames_below(std::uint64_t offset, std::uint32_t page_size) noexcept {
  return offset < kHeaderSize ? 0 : (offset - kHeaderSize) / frame_size(page_size);
}

/// Walks frames whose salts and checksums hold, in one pass, from any known point of the chain.
///
/// Example:
///     Chain chain(*parse_header(bytes));
///     while (chain.accept(next_frame)) keep(next_frame);
///
/// Threads: one at a time.
class Chain {
 public:
  explicit Chain(const Header& header) noexcept : header_(header), sum_(header.checksum) {}

  /// Goes on behind `frames` frames, of which the last is a commit frame and has the running checksum `sum`.
  Chain(const Header& header, std::uint64_t frames, Checksum sum) noexcept
      : header_(header), sum_(sum), frames_(frames), committed_frames_(frames) {}

  /// True if `frame` is the next frame of this WAL; then the chain moves behind it.
  /// REQUIRES: frame.size() == frame_size(page_size).
  [[nodiscard]] bool accept(std::span<const std::byte> frame) noexcept {
    const FrameHeader got = parse_frame_header(frame.data());
    if (got.page_number == 0 || got.salt != header_.salt) return false;
    const Checksum sum = frame_checksum(sum_, frame, header_.big_endian_words);
    if (sum != got.checksum) return false;
    sum_ = sum;
    ++frames_;
    if (got.is_commit()) committed_frames_ = frames_;
    return true;
  }

  [[nodiscard]] const Header& header() const noexcept { return header_; }
  [[nodiscard]] Checksum sum() const noexcept { return sum_; }
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  /// Frames up to and including the last commit frame.
  [[nodiscard]] std::uint64_t committed_frames() const noexcept { return committed_frames_; }

 private:
  Header header_;
  Checksum sum_;
  std::uint64_t frames_ = 0;
  std::uint64_t committed_frames_ = 0;
};

}  // namespace lshost::wal
