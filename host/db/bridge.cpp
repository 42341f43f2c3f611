#include "db/bridge.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "base/error.hpp"
#include "base/random_id.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

namespace {

constexpr std::size_t kSliceSize = 256 << 10;  // what was read is hashed while it is in the cache
constexpr std::size_t kWriteSize = 256 << 10;
constexpr int kIndexAttempts = 1000;
constexpr int kRecoverAfter = 10;
constexpr std::chrono::milliseconds kIndexPause(1);

/// The synthesized index: begun with its first page, each page held back until it is known whether it is the last.
class BridgeIndex {
 public:
  BridgeIndex(ShadowWal& shadow, const wal::Header& header)
      : shadow_(shadow), header_(header), frame_size_(wal::frame_size(header.page_size)) {}

  void add(std::uint32_t page, ByteSpan content) {
    if (frames_ > 0) seal(0);
    if (frames_ == 0) begin();
    const std::size_t at = buffer_.size();
    buffer_.resize(at + frame_size_);
    wal::store32(buffer_.data() + at, page);
    std::ranges::copy(content, buffer_.begin() + static_cast<std::ptrdiff_t>(at + wal::kFrameHeaderSize));
    ++frames_;
  }

  /// The last page that was added ends the transaction.
  void finish(std::uint32_t db_size_pages) {
    seal(db_size_pages);
    flush();
  }

  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return frames_ * frame_size_; }

 private:
  void begin() {
    shadow_.begin_index(header_);
    sum_ = shadow_.end()->sum;
  }

  void seal(std::uint32_t db_size_pages) {
    const MutableByteSpan frame = MutableByteSpan(buffer_).last(frame_size_);
    wal::store32(frame.data() + 4, db_size_pages);
    wal::store32(frame.data() + 8, header_.salt.first);
    wal::store32(frame.data() + 12, header_.salt.second);
    sum_ = wal::frame_checksum(sum_, frame, header_.big_endian_words);
    wal::store32(frame.data() + 16, sum_.first);
    wal::store32(frame.data() + 20, sum_.second);
    if (buffer_.size() >= kWriteSize) flush();
  }

  void flush() {
    if (buffer_.empty()) return;
    shadow_.append(buffer_, sum_);
    buffer_.clear();
  }

  ShadowWal& shadow_;
  const wal::Header header_;
  const std::size_t frame_size_;
  std::vector<std::byte> buffer_;  // whole frames; the last one is not sealed yet
  std::uint64_t frames_ = 0;
  wal::Checksum sum_;
};

sqlite::IndexHeader read_index(Attachment& attachment) {
  for (int attempt = 0; attempt < kIndexAttempts; ++attempt) {
    if (const auto header = attachment.index().try_read_header()) return *header;
    if (attempt == kRecoverAfter) attachment.recover_index();
    pause_for(kIndexPause);
  }
  throw Error(ErrorCode::transient, "bridge: the wal-index can not be read");
}

struct LogPage {
  std::uint32_t page;
  std::uint32_t frame;
};

/// The last frame of each page, by page, but the last frame of all at the end.
std::vector<LogPage> pages_of_log(sqlite::WalIndex& index, std::uint32_t frames) {
  std::vector<LogPage> pages;
  pages.reserve(frames);
  for (std::uint32_t frame = frames; frame > 0; --frame) pages.push_back({index.page_of_frame(frame), frame});
  std::ranges::stable_sort(pages, {}, &LogPage::page);
  const auto same_page = [](const LogPage& a, const LogPage& b) { return a.page == b.page; };
  pages.erase(std::unique(pages.begin(), pages.end(), same_page), pages.end());
  const auto last = std::ranges::find(pages, frames, &LogPage::frame);
  std::rotate(last, last + 1, pages.end());
  return pages;
}

class Builder {
 public:
  Builder(Attachment& attachment, ShadowWal& shadow, const PageMap& map, std::uint64_t bytes_max)
      : attachment_(attachment), shadow_(shadow), map_(map), bytes_max_(bytes_max), out_(shadow, header()) {}

  [[nodiscard]] std::optional<Bridge> build(const Clock& clock) {
    if (!add_file()) return std::nullopt;
    const auto index = read_index(attachment_);
    if (index.max_frame > 0 && !add_log(index)) return std::nullopt;
    const auto file_pages = static_cast<std::uint32_t>(attachment_.database_size() / map_.page_size());
    // All is read. Before the bridge gets its end, by which the next start would take it for whole.
    if (attachment_.guard().has_let_go()) throw Error(ErrorCode::transient, "bridge: the log was let go");
    bridge_.pages_sent = out_.frames();
    if (out_.frames() == 0) return bridge_;
    out_.finish(index.max_frame > 0 ? index.db_size_pages : file_pages);
    attachment_.sync_log();  // no replica gets ahead of what the source keeps
    if (index.max_frame > 0) {
      shadow_.link({index.salt, static_cast<std::int64_t>(index.max_frame) - static_cast<std::int64_t>(out_.frames())});
      bridge_.live_sum = index.frame_checksum;
    }
    shadow_.publish(out_.frames(), clock.unix_now());
    return bridge_;
  }

 private:
  [[nodiscard]] wal::Header header() const {
    wal::Header header;
    std::array<std::byte, wal::kHeaderSize> bytes;
    if (attachment_.log().read_at("bridge.read", 0, bytes) == bytes.size()) {
      // What follows the bridge is checked by the rules of the live log.
      if (const auto live = wal::parse_header(bytes)) header.big_endian_words = live->big_endian_words;
    }
    header.page_size = map_.page_size();
    const std::uint64_t salt = random_u64();
    header.salt = {static_cast<std::uint32_t>(salt >> 32), static_cast<std::uint32_t>(salt)};
    return header;
  }

  [[nodiscard]] bool add(std::uint32_t page, ByteSpan content) {
    out_.add(page, content);
    return out_.size_bytes() <= bytes_max_;
  }

  /// False: too much.
  [[nodiscard]] bool add_file() {
    const std::uint32_t page_size = map_.page_size();
    (void)::posix_fadvise(attachment_.database_descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
    std::vector<std::byte> slice(std::max<std::size_t>(kSliceSize, page_size));
    std::uint64_t page = 1;
    for (;;) {
      const std::uint64_t file_pages = attachment_.database_size() / page_size;
      if (page > file_pages) return true;
      const std::uint64_t count = std::min<std::uint64_t>(slice.size() / page_size, file_pages - page + 1);
      const MutableByteSpan part(slice.data(), count * page_size);
      attachment_.read_database((page - 1) * page_size, part);
      for (std::uint64_t i = 0; i < count; ++i, ++page) {
        const ByteSpan content = part.subspan(i * page_size, page_size);
        const auto number = static_cast<std::uint32_t>(page);
        if (number == lock_page(page_size) || map_.holds(number, hash_page(content))) continue;
        if (!add(number, content)) return false;
      }
      bridge_.pages_compared += count;
      attachment_.progress().step();
    }
  }

  [[nodiscard]] bool add_log(const sqlite::IndexHeader& index) {
    std::vector<std::byte> frame(wal::frame_size(map_.page_size()));
    for (const LogPage& wanted : pages_of_log(attachment_.index(), index.max_frame)) {
      const std::uint64_t at = wal::frames_end(wanted.frame - 1, map_.page_size());
      const bool is_whole = attachment_.log().read_at("bridge.read", at, frame) == frame.size();
      if (!is_whole || wal::parse_frame_header(frame.data()).page_number != wanted.page)
        throw Error(ErrorCode::corrupt, "bridge: frame " + std::to_string(wanted.frame) + " of the log is damaged");
      if (!add(wanted.page, ByteSpan(frame).subspan(wal::kFrameHeaderSize))) return false;
      attachment_.progress().step();
    }
    if (attachment_.index().glance().salt != index.salt)
      throw Error(ErrorCode::transient, "bridge: the log restarted while it was read");
    return true;
  }

  Attachment& attachment_;
  ShadowWal& shadow_;
  const PageMap& map_;
  const std::uint64_t bytes_max_;
  BridgeIndex out_;
  Bridge bridge_;
};

}  // namespace

std::optional<Bridge> build_bridge(Attachment& attachment, ShadowWal& shadow, const PageMap& map,
                                   std::uint64_t bytes_max, const Clock& clock) {
  return Builder(attachment, shadow, map, bytes_max).build(clock);
}

}  // namespace lshost::db
