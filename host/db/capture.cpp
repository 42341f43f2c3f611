#include "db/capture.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "db/wal_scan.hpp"
#include "obs/log.hpp"

namespace lshost::db {

namespace {

constexpr std::size_t kBufferSize = 128 << 10;
/// Replicas see progress at least this often while a long log is copied.
constexpr std::uint64_t kPublishBytes = 4 << 20;

/// The part of a frame that the wal-index and readers go by: page number, database size, page.
bool same_frame(ByteSpan a, ByteSpan b) {
  return std::equal(a.begin(), a.begin() + 8, b.begin()) &&
         std::equal(a.begin() + wal::kFrameHeaderSize, a.end(), b.begin() + wal::kFrameHeaderSize);
}

std::vector<std::byte> read_frame(const os::ReadableFile& file, std::uint64_t number, std::uint32_t page_size) {
  std::vector<std::byte> frame(wal::frame_size(page_size));
  if (file.read_at("capture.read", wal::frames_end(number - 1, page_size), frame) != frame.size()) frame.clear();
  return frame;
}

/// A recovery of the log as it is now would stop before its last committed frame.
bool would_be_misread(const Attachment& attachment, std::uint32_t max_frame) {
  if (max_frame == 0) return false;
  const auto found = scan_wal(attachment.log(), "capture.scan");
  return !found || found->frames < max_frame;
}

}  // namespace

Capture::Capture(Attachment& attachment, ShadowWal& shadow, const Clock& clock, std::string database_name)
    : attachment_(attachment), shadow_(shadow), clock_(clock), database_name_(std::move(database_name)) {}

std::optional<NewGeneration> Capture::resume(bool stamp_holds) {
  const auto header = attachment_.index().try_read_header();
  if (!header) throw Error(ErrorCode::transient, "capture: the wal-index is being written");
  const auto& end = shadow_.end();
  LSHOST_ASSERT(end);
  const LastCapture last{end->live.salt, end->header.page_size, end->live_frames()};
  LiveLog live{*header, std::nullopt, stamp_holds};
  wal::Checksum live_sum = end->header.checksum;
  if (last.frames > 0 && header->salt == last.salt && header->max_frame >= last.frames) {
    const auto shadow_file = shadow_.open_current();
    const auto ours = read_frame(*shadow_file, end->frames, last.page_size);
    const auto theirs = read_frame(attachment_.log(), last.frames, last.page_size);
    live.last_frame_equal = !ours.empty() && !theirs.empty() && same_frame(ours, theirs);
    if (!theirs.empty()) live_sum = wal::parse_frame_header(theirs.data()).checksum;
  }
  if (const auto reason = check_continuity(last, live)) return reason;
  restart_expected_ = header->salt != last.salt;
  live_sum_ = live_sum;
  own_sum_ = end->sum;
  chains_differ_ = live_sum_ != own_sum_;
  // They differ behind a bridge, too.
  is_sick_ = chains_differ_ && would_be_misread(attachment_, header->max_frame);
  return std::nullopt;
}

void Capture::resume_behind_bridge(const std::optional<wal::Checksum>& live_sum) {
  start_over();
  restart_expected_ = !live_sum;
  if (!live_sum) return;
  live_sum_ = *live_sum;
  own_sum_ = shadow_.end()->sum;
  chains_differ_ = true;
  is_sick_ = would_be_misread(attachment_, attachment_.index().glance().max_frame);
}

void Capture::start_over() noexcept {
  restart_expected_ = false;
  chains_differ_ = false;
  is_sick_ = false;
  wrong_checksum_reported_ = false;
}

void Capture::release_buffer() noexcept {
  buffer_.reset();
  buffer_size_ = 0;
}

std::uint64_t Capture::captured_frames(const sqlite::IndexHeader& header) const {
  const auto& end = shadow_.end();
  return end && end->live.salt == header.salt ? end->live_frames() : 0;
}

Round Capture::round() {
  if (shadow_.sync_failed()) return {Round::Kind::broken, NewGeneration::capture_not_durable, false};
  const auto header = attachment_.index().try_read_header();
  if (!header) return {Round::Kind::torn, {}, false};
  // Behind the read: up to the header that was read nothing can be missing.
  if (attachment_.guard().has_let_go()) throw Error(ErrorCode::transient, "capture: the log was let go");
  const UnixNanos now = clock_.unix_now();
  const auto& end = shadow_.end();
  const bool same_log = end && end->live.salt == header->salt;
  attachment_.progress().captured(header->salt, same_log ? end->live_frames() : 0);
  // An empty log: after a truncate, or before the first commit. Its salts may still change with the first frame.
  if (header->max_frame == 0) return {};
  if (same_log && header->max_frame < end->live_frames()) return {Round::Kind::broken, NewGeneration::went_back, false};
  if (!same_log && end && !restart_expected_)
    return {Round::Kind::broken, NewGeneration::restarted_while_guarded, false};
  if (same_log && attachment_.guard().is_guarded()) restart_expected_ = false;
  if (same_log && header->max_frame == end->live_frames()) return {};
  // Everything up to max_frame was written before the index said so: one sync covers the round, and a replica can not
  // get ahead of what the source keeps after a power cut.
  attachment_.sync_log();
  if (!same_log) begin_index(*header);
  copy(*header, now);
  return {Round::Kind::captured, {}, !same_log};
}

void Capture::begin_index(const sqlite::IndexHeader& header) {
  std::array<std::byte, wal::kHeaderSize> bytes;
  const std::size_t got = attachment_.log().read_at("capture.read", 0, bytes);
  const auto file_header = got == bytes.size() ? wal::parse_header(bytes) : std::nullopt;
  if (!file_header || file_header->salt != header.salt) {
    throw Error(ErrorCode::corrupt, "capture: the header of the log does not fit the wal-index");
  }
  if (shadow_.end() && shadow_.end()->header.page_size != file_header->page_size) {
    throw Error(ErrorCode::corrupt, "capture: the page size changed in the middle of a generation");
  }
  shadow_.begin_index(*file_header);
  live_sum_ = own_sum_ = file_header->checksum;
  chains_differ_ = false;
  is_sick_ = false;
  wrong_checksum_reported_ = false;
}

void Capture::copy(const sqlite::IndexHeader& header, UnixNanos committed_by) {
  const std::uint32_t page_size = shadow_.end()->header.page_size;
  const std::size_t frame_size = wal::frame_size(page_size);
  const std::size_t wanted = std::min<std::size_t>(std::max<std::size_t>(1, kBufferSize / frame_size),
                                                   header.max_frame - shadow_.end()->live_frames()) *
                             frame_size;
  if (buffer_size_ < wanted) {
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(wanted);
    buffer_size_ = wanted;
  }
  std::uint64_t published = shadow_.end()->live_frames();
  std::uint64_t last_commit = 0;
  while (shadow_.end()->live_frames() < header.max_frame) {
    const std::uint64_t first = shadow_.end()->live_frames() + 1;
    const std::size_t count = std::min<std::size_t>(buffer_size_ / frame_size, header.max_frame - first + 1);
    const MutableByteSpan frames(buffer_.get(), count * frame_size);
    if (attachment_.log().read_at("capture.read", wal::frames_end(first - 1, page_size), frames) != frames.size()) {
      throw Error(ErrorCode::corrupt, "capture: the log ends before frame " + std::to_string(header.max_frame));
    }
    const wal::Checksum live_before = live_sum_;
    const wal::Checksum own_before = own_sum_;
    try {
      last_commit = std::max(last_commit, take_frames(frames, first));
      // In a window the log may restart under a read; its index changes before any byte of the file does.
      const auto after = attachment_.index().glance();
      if (after.salt != header.salt) throw Error(ErrorCode::transient, "capture: the log restarted while it was read");
      shadow_.append(frames, own_sum_);
      attachment_.progress().captured(header.salt, shadow_.end()->live_frames());
    } catch (...) {
      live_sum_ = live_before;
      own_sum_ = own_before;
      throw;
    }
    const bool is_done = shadow_.end()->live_frames() == header.max_frame;
    if (last_commit > published && (is_done || (last_commit - published) * frame_size >= kPublishBytes)) {
      const std::uint64_t behind_it = shadow_.end()->live_frames() - last_commit;
      shadow_.publish(shadow_.end()->frames - behind_it, committed_by);
      published = last_commit;
    }
  }
  if (!chains_differ_ && live_sum_ != header.frame_checksum) {
    throw Error(ErrorCode::corrupt,
                "capture: the wal-index has another checksum for frame " + std::to_string(header.max_frame));
  }
}

std::uint64_t Capture::take_frames(MutableByteSpan frames, std::uint64_t first_frame) {
  const std::size_t frame_size = wal::frame_size(shadow_.end()->header.page_size);
  std::uint64_t last_commit = 0;
  for (std::size_t at = 0; at < frames.size(); at += frame_size) {
    const MutableByteSpan frame = frames.subspan(at, frame_size);
    const std::uint64_t number = first_frame + at / frame_size;
    take_frame(frame, number);
    if (wal::parse_frame_header(frame.data()).is_commit()) last_commit = number;
  }
  return last_commit;
}

void Capture::take_frame(MutableByteSpan frame, std::uint64_t number) {
  const wal::Header& header = shadow_.end()->header;
  const wal::FrameHeader got = wal::parse_frame_header(frame.data());
  const wal::Checksum live = wal::frame_checksum(live_sum_, frame, header.big_endian_words);
  const bool is_valid = got.salt == shadow_.end()->live.salt && got.checksum == live;
  if (!is_valid) {
    const std::uint32_t page = attachment_.index().page_of_frame(static_cast<std::uint32_t>(number));
    if (page == 0 || page != got.page_number) {
      throw Error(ErrorCode::corrupt, "capture: frame " + std::to_string(number) + " of the log is damaged");
    }
    report_wrong_checksum(number);
    chains_differ_ = true;
    is_sick_ = true;
  }
  live_sum_ = got.checksum;  // what SQLite continues from, right or wrong
  if (!chains_differ_) {
    own_sum_ = live;
    return;
  }
  wal::store32(frame.data() + 8, header.salt.first);
  wal::store32(frame.data() + 12, header.salt.second);
  own_sum_ = wal::frame_checksum(own_sum_, frame, header.big_endian_words);
  wal::store32(frame.data() + 16, own_sum_.first);
  wal::store32(frame.data() + 20, own_sum_.second);
}

void Capture::report_wrong_checksum(std::uint64_t frame) {
  if (wrong_checksum_reported_) return;
  wrong_checksum_reported_ = true;
  obs::log(obs::Level::warn, "capture",
           "a committed frame has a wrong checksum (a known fault of SQLite up to 3.49.1); it is replicated rightly, "
           "and the log is emptied as soon as no reader needs it, so that no recovery can misread it; hint: update the "
           "application's SQLite to 3.50.2 or later",
           {{"db", database_name_}, {"frame", frame}});
}

}  // namespace lshost::db
