#include "db/commit_times.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

void encode_mark(const CommitMark& mark, MutableByteSpan to) {
  LSHOST_ASSERT(to.size() >= kMarkSize);
  store_be<std::uint64_t>(to.data(), mark.end_offset);
  store_be<std::uint64_t>(to.data() + 8, static_cast<std::uint64_t>(mark.commit_ns));
  const wal::Checksum sum = wal::checksum({}, ByteSpan(to).first(16), /*big_endian_words=*/true);
  store_be<std::uint32_t>(to.data() + 16, sum.first);
  store_be<std::uint32_t>(to.data() + 20, sum.second);
}

std::vector<CommitMark> decode_marks(ByteSpan bytes) {
  std::vector<CommitMark> marks;
  for (; bytes.size() >= kMarkSize; bytes = bytes.subspan(kMarkSize)) {
    const wal::Checksum sum = wal::checksum({}, bytes.first(16), /*big_endian_words=*/true);
    const wal::Checksum stored{load_be<std::uint32_t>(bytes.data() + 16), load_be<std::uint32_t>(bytes.data() + 20)};
    const CommitMark mark{load_be<std::uint64_t>(bytes.data()),
                          static_cast<UnixNanos>(load_be<std::uint64_t>(bytes.data() + 8))};
    if (sum != stored || mark.end_offset == 0) break;
    if (!marks.empty() && mark.end_offset <= marks.back().end_offset) break;
    marks.push_back(mark);
  }
  return marks;
}

std::optional<CommitMark> MarkSequence::add(std::uint64_t end_offset, UnixNanos now) {
  if (!marks_.empty()) now = std::max(now, marks_.back().commit_ns);
  if (open_since_ns_ != 0 && now - open_since_ns_ < kMarkSpan.count()) {
    marks_.back() = {end_offset, now};
    return std::nullopt;
  }
  std::optional<CommitMark> finished;
  if (open_since_ns_ != 0) finished = marks_.back();
  marks_.push_back({end_offset, now});
  open_since_ns_ = now;
  return finished;
}

std::optional<CommitMark> MarkSequence::behind(std::uint64_t offset) const {
  const auto found = std::upper_bound(marks_.begin(), marks_.end(), offset,
                                      [](std::uint64_t at, const CommitMark& mark) { return at < mark.end_offset; });
  if (found == marks_.end()) return std::nullopt;
  return *found;
}

std::optional<CommitMark> MarkSequence::last() const {
  if (marks_.empty()) return std::nullopt;
  return marks_.back();
}

}  // namespace lshost::db
