#pragma once
// When the transactions of one index were committed, as it is kept beside the shadow WAL.
//
// A mark says: everything that ends at or before `end_offset` was committed by `commit_ns`. A new mark begins when the
// last one spans kMarkSpan, which is what restores to a time can tell apart. On disk: 24 bytes each, big-endian
// end_offset, commit_ns, and SQLite's WAL checksum of these 16 bytes; a reader stops at the first that is wrong.
// The file is a help, not a promise: what a crash took of it is replaced by the time of the WAL file.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace lshost::db {

inline constexpr std::chrono::nanoseconds kMarkSpan = std::chrono::milliseconds(250);
inline constexpr std::size_t kMarkSize = 24;

struct CommitMark {
  std::uint64_t end_offset = 0;
  UnixNanos commit_ns = 0;
  bool operator==(const CommitMark&) const = default;
};

void encode_mark(const CommitMark& mark, MutableByteSpan to);  ///< REQUIRES: kMarkSize bytes

/// The marks of a file's bytes, up to the first that is cut, damaged, or not behind the one before it.
[[nodiscard]] std::vector<CommitMark> decode_marks(ByteSpan bytes);

/// The marks of one index while it grows.
class MarkSequence {
 public:
  MarkSequence() = default;
  explicit MarkSequence(std::vector<CommitMark> marks) : marks_(std::move(marks)) {}

  /// Everything up to `end_offset` is committed as of `now`. Widens the last mark or begins a new one; returns the mark
  /// that is finished by that, to be stored. Time never runs backwards in the marks, whatever the clock does.
  std::optional<CommitMark> add(std::uint64_t end_offset, UnixNanos now);

  /// The first mark that ends behind `offset`. nullopt: there is none.
  [[nodiscard]] std::optional<CommitMark> behind(std::uint64_t offset) const;
  [[nodiscard]] std::optional<CommitMark> last() const;

 private:
  std::vector<CommitMark> marks_;
  UnixNanos open_since_ns_ = 0;  // first time in the last mark; 0: it is finished
};

}  // namespace lshost::db
