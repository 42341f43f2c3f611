#include "db/shadow_wal.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "base/random_id.hpp"
#include "db/commit_times.hpp"
#include "db/wal_scan.hpp"
#include "obs/log.hpp"
#include "os/publish.hpp"

namespace lshost::db {

namespace {

constexpr std::uint32_t kDirectoryMode = 0700;
constexpr std::uint32_t kFileMode = 0600;

}  // namespace

ShadowWal::ShadowWal(os::Fs& fs, MetaDir meta, ShadowCatalog& catalog)
    : fs_(fs), meta_(std::move(meta)), catalog_(catalog) {}

std::string ShadowWal::path_of(std::uint64_t index) const {
  return meta_.wal_directory(generation_) + "/" + MetaDir::wal_name(index);
}

std::string ShadowWal::live_path_of(std::uint64_t index) const {
  return meta_.wal_directory(generation_) + "/" + MetaDir::live_name(index);
}

std::optional<NewGeneration> ShadowWal::load(std::string& detail) {
  const auto text = os::read_small_file(fs_, "shadow.load", meta_.generation_file());
  if (!text) return NewGeneration::first_start;
  generation_ = text->substr(0, text->find('\n'));
  if (!is_generation(generation_)) {
    detail = "the file " + meta_.generation_file() + " is damaged";
    return NewGeneration::local_state_damaged;
  }
  std::vector<std::uint64_t> indexes;
  const auto names = fs_.list("shadow.load", meta_.wal_directory(generation_));
  for (const auto& name : names.value_or(std::vector<std::string>{})) {
    if (const auto index = MetaDir::index_of_wal_name(name)) indexes.push_back(*index);
  }
  if (indexes.empty()) return NewGeneration::nothing_captured;
  std::sort(indexes.begin(), indexes.end());
  loaded_.clear();
  for (const std::uint64_t index : indexes) {
    auto loaded = index == indexes.back() ? load_current(index) : load_complete(index);
    if (!loaded || (!loaded_.empty() && loaded_.back().index + 1 != index)) {
      detail = path_of(index) + (loaded ? " does not follow the one before it" : " is damaged");
      return NewGeneration::local_state_damaged;
    }
    loaded_.push_back(std::move(*loaded));
  }
  index_ = indexes.back();
  revealed_ = false;
  return std::nullopt;
}

std::optional<ShadowIndex> ShadowWal::load_complete(std::uint64_t index) const {
  const auto file = fs_.open_read("shadow.load", path_of(index));
  std::array<std::byte, wal::kHeaderSize> bytes;
  if (file->read_at("shadow.load", 0, bytes) != bytes.size()) return std::nullopt;
  const auto header = wal::parse_header(bytes);
  const std::uint64_t size = file->size("shadow.load");
  if (!header || (size - wal::kHeaderSize) % wal::frame_size(header->page_size) != 0) return std::nullopt;
  const auto stat = fs_.stat("shadow.load", path_of(index));
  return ShadowIndex{index, path_of(index), size, true, load_marks(index, size, stat ? stat->modified_ns : 0)};
}

std::optional<ShadowIndex> ShadowWal::load_current(std::uint64_t index) {
  const std::string path = path_of(index);
  const auto scanned = scan_wal(*fs_.open_read("shadow.load", path), "shadow.load");
  if (!scanned) return std::nullopt;
  const auto stat = fs_.stat("shadow.load", path);
  const std::uint64_t end_offset =
      scanned->frames == 0 ? 0 : wal::frames_end(scanned->frames, scanned->header.page_size);
  page_size_ = scanned->header.page_size;
  end_ = CaptureEnd{scanned->header, scanned->frames, scanned->sum, {scanned->header.salt, 0}};
  if (const auto text = os::read_small_file(fs_, "shadow.load", live_path_of(index)))
    end_->live = parse_live_link(*text).value_or(end_->live);
  published_frames_ = scanned->frames;
  wal_file_ = fs_.open_append("shadow.load", path);
  tail_is_dirty_ = true;  // cut off behind the last whole transaction before the next append
  is_synced_ = false;
  names_are_synced_ = false;
  mend_tail();
  auto marks = load_marks(index, end_offset, stat ? stat->modified_ns : 0);
  times_file_ =
      fs_.stat("shadow.load", meta_.wal_directory(generation_) + "/" + MetaDir::times_name(index))
          ? fs_.open_append("shadow.load", meta_.wal_directory(generation_) + "/" + MetaDir::times_name(index))
          : nullptr;
  return ShadowIndex{index, path, end_offset, false, std::move(marks)};
}

MarkSequence ShadowWal::load_marks(std::uint64_t index, std::uint64_t end_offset, UnixNanos fallback) const {
  const std::string path = meta_.wal_directory(generation_) + "/" + MetaDir::times_name(index);
  std::vector<CommitMark> marks;
  if (const auto text = os::read_small_file(fs_, "shadow.load", path, std::size_t{256} << 20)) {
    marks = decode_marks(std::as_bytes(std::span(text->data(), text->size())));
  }
  while (!marks.empty() && marks.back().end_offset > end_offset) marks.pop_back();
  if (end_offset > 0 && (marks.empty() || marks.back().end_offset < end_offset)) {
    const UnixNanos at_least = marks.empty() ? 0 : marks.back().commit_ns;
    marks.push_back({end_offset, std::max(fallback, at_least)});
  }
  return MarkSequence(std::move(marks));
}

void ShadowWal::begin_generation(std::uint32_t page_size) {
  wal_file_.reset();
  times_file_.reset();
  end_.reset();
  loaded_.clear();
  revealed_ = false;
  sync_failed_ = false;
  generation_ = random_id();
  index_ = 0;
  published_frames_ = 0;
  page_size_ = page_size;
  fs_.create_directories("generation.begin", meta_.wal_directory(generation_), kDirectoryMode);
  const std::string line = generation_ + "\n";
  os::publish(fs_, "generation.begin", meta_.path(), "generation", std::as_bytes(std::span(line.data(), line.size())));
  remove_other_generations();
  loaded_.push_back(ShadowIndex{0, path_of(0), 0, false, {}});
}

void ShadowWal::go_on_from_nothing(std::uint32_t page_size) {
  LSHOST_ASSERT(!revealed_ && !end_ && is_generation(generation_));
  fs_.create_directories("generation.resume", meta_.wal_directory(generation_), kDirectoryMode);
  page_size_ = page_size;
  loaded_.clear();
  loaded_.push_back(ShadowIndex{0, path_of(0), 0, false, {}});
}

void ShadowWal::remove_other_generations() {
  for (const auto& name : fs_.list("generation.clean", meta_.generations()).value_or(std::vector<std::string>{})) {
    if (name != generation_) os::remove_tree(fs_, "generation.clean", meta_.generations() + "/" + name);
  }
}

void ShadowWal::reveal() {
  LSHOST_ASSERT(!revealed_);
  catalog_.open(generation_, page_size_, std::move(loaded_));
  loaded_.clear();
  revealed_ = true;
}

void ShadowWal::begin_index(const wal::Header& header) {
  const std::uint64_t next = end_ && end_->frames > 0 ? index_ + 1 : index_;
  // The finished index must be durable before its successor exists: a start that finds both trusts the first.
  if (end_) sync();
  finish_times();
  const std::string directory = meta_.wal_directory(generation_);
  auto file = fs_.create("shadow.begin", directory + "/" + MetaDir::wal_name(next), kFileMode);
  std::array<std::byte, wal::kHeaderSize> bytes;
  wal::store_header(bytes.data(), header);
  file->append("shadow.begin", bytes);
  auto times = fs_.create("shadow.begin", directory + "/" + MetaDir::times_name(next), kFileMode);

  wal_file_ = std::move(file);
  times_file_ = std::move(times);
  index_ = next;
  published_frames_ = 0;
  page_size_ = header.page_size;
  end_ = CaptureEnd{header, 0, wal::parse_header(bytes)->checksum, {header.salt, 0}};
  tail_is_dirty_ = false;
  is_synced_ = false;
  names_are_synced_ = false;
  ShadowIndex begun{next, path_of(next), 0, false, {}};
  if (revealed_) {
    catalog_.begin_index(std::move(begun), page_size_);
  } else if (loaded_.back().index == next) {
    loaded_.back() = std::move(begun);
  } else {
    loaded_.back().complete = true;
    loaded_.push_back(std::move(begun));
  }
}

void ShadowWal::link(const LiveLink& live) {
  LSHOST_ASSERT(end_);
  const std::string text = encode_live_link(live);
  const auto file = fs_.create("shadow.link", live_path_of(index_), kFileMode);
  file->append("shadow.link", std::as_bytes(std::span(text.data(), text.size())));
  file->close("shadow.link");
  end_->live = live;
}

void ShadowWal::append(ByteSpan frames, wal::Checksum sum) {
  LSHOST_ASSERT(end_ && frames.size() % wal::frame_size(page_size_) == 0);
  mend_tail();
  tail_is_dirty_ = true;
  is_synced_ = false;
  wal_file_->append("shadow.append", frames);
  tail_is_dirty_ = false;
  end_->frames += frames.size() / wal::frame_size(page_size_);
  end_->sum = sum;
}

void ShadowWal::mend_tail() {
  if (!tail_is_dirty_) return;
  wal_file_->truncate("shadow.mend", wal::frames_end(end_->frames, end_->header.page_size));
  tail_is_dirty_ = false;
}

void ShadowWal::publish(std::uint64_t frames, UnixNanos now) {
  LSHOST_ASSERT(end_ && frames <= end_->frames && frames > published_frames_);
  published_frames_ = frames;
  const std::uint64_t end_offset = wal::frames_end(frames, page_size_);
  std::optional<CommitMark> finished;
  if (revealed_) {
    finished = catalog_.publish(end_offset, now);
  } else {
    finished = loaded_.back().marks.add(end_offset, now);
    loaded_.back().end_offset = end_offset;
  }
  if (finished) store_mark(*finished);
}

void ShadowWal::store_mark(const CommitMark& mark) noexcept {
  if (!times_file_) return;
  try {
    std::array<std::byte, kMarkSize> bytes;
    encode_mark(mark, bytes);
    times_file_->append("shadow.times", bytes);
  } catch (const Error& e) {
    // Later records behind half a record would be unreadable, so this index gets no more of them.
    obs::log(obs::Level::warn, "shadow", "commit times of this index are not kept", {{"error", e.what()}});
    times_file_.reset();
  }
}

void ShadowWal::finish_times() noexcept {
  const auto last = revealed_ ? catalog_.last_mark() : loaded_.empty() ? std::nullopt : loaded_.back().marks.last();
  if (last) store_mark(*last);
}

void ShadowWal::sync() {
  if (!end_) return;
  if (!is_synced_) {
    mend_tail();
    sync_failed_ = true;  // until it has not
    wal_file_->sync("shadow.sync");
    sync_failed_ = false;
    is_synced_ = true;
  }
  if (!names_are_synced_) {
    fs_.sync_directory("shadow.sync", meta_.wal_directory(generation_));
    names_are_synced_ = true;
  }
}

void ShadowWal::trim(std::uint64_t index) {
  for (const auto& path : catalog_.trim(index)) {
    fs_.remove("shadow.trim", path);
    fs_.remove("shadow.trim", path.substr(0, path.size() - 4) + ".times");
    fs_.remove("shadow.trim", path.substr(0, path.size() - 4) + ".live");
  }
}

Position ShadowWal::tip() const {
  if (generation_.empty()) return {};
  return {generation_, index_, published_frames_ > 0 ? wal::frames_end(published_frames_, page_size_) : 0};
}

std::uint64_t ShadowWal::oldest_index() const {
  if (!loaded_.empty()) return loaded_.front().index;
  const auto status = catalog_.status();
  return revealed_ && status ? status->oldest.index : index_;
}

std::uint64_t ShadowWal::frames_of(std::uint64_t index) const {
  if (index == index_) return published_frames_;
  const auto file = fs_.stat("shadow.read", path_of(index));
  return file ? wal::frames_below(file->size_bytes, page_size_) : 0;
}

std::unique_ptr<os::ReadableFile> ShadowWal::open_index(std::uint64_t index) const {
  return fs_.open_read("shadow.read", path_of(index));
}

}  // namespace lshost::db
