#include "support/feed_follower.hpp"

#include <stdexcept>

#include "lshost/wal.hpp"

namespace lshost::test {

namespace {

std::vector<std::byte> read_all(ByteStream& stream) {
  std::vector<std::byte> bytes;
  std::vector<std::byte> buffer(100'000);  // not a multiple of any page size
  while (const std::size_t got = stream.read(buffer))
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
  return bytes;
}

}  // namespace

bool FeedFollower::catch_up() {
  const auto status = feed_->status();
  if (!status) return false;
  bool progress = false;
  if (position_.generation != status->tip.generation) {
    take_snapshot();
    progress = true;
  }
  for (;;) {
    auto opened = feed_->open_wal(position_);
    if (auto* run = std::get_if<db::WalRun>(&opened)) {
      apply(*run, read_all(*run->bytes));
      progress = true;
    } else if (std::get<db::Feed::Miss>(opened) == db::Feed::Miss::gone) {
      take_snapshot();
      progress = true;
    } else {
      feed_->report_durable(position_);
      return progress;
    }
  }
}

void FeedFollower::take_snapshot() {
  auto image = feed_->open_snapshot();
  if (!image) throw std::runtime_error("a generation without a snapshot");
  const auto bytes = read_all(*image->bytes);
  if (bytes.size() != image->size_bytes) throw std::runtime_error("a snapshot of another size than announced");
  page_size_ = image->page_size;
  size_pages_ = static_cast<std::uint32_t>(bytes.size() / page_size_);
  pages_.clear();
  for (std::uint32_t page = 1; page <= size_pages_; ++page) {
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(std::size_t{page - 1} * page_size_);
    pages_[page].assign(begin, begin + page_size_);
  }
  // From the start of the index, so that its log is whole; what the image already has comes once more.
  position_ = {image->position.generation, image->position.index, 0};
  logs_.clear();
  ++snapshots_;
}

void FeedFollower::apply(const db::WalRun& run, std::vector<std::byte> bytes) {
  if (bytes.size() != run.end.offset - run.start.offset)
    throw std::runtime_error("a run of another size than announced");
  if (run.start != position_) {
    if (run.start.index != position_.index + 1 || run.start.offset != 0) throw std::runtime_error("a gap between runs");
    ++indexes_begun_;
  }
  auto& log = logs_[run.start.index];
  if (log.size() == run.start.offset) log.insert(log.end(), bytes.begin(), bytes.end());
  wal_bytes_ += bytes.size();
  const std::size_t frame_size = wal::frame_size(run.page_size);
  for (std::size_t at = run.start.offset == 0 ? wal::kHeaderSize : 0; at < bytes.size(); at += frame_size) {
    const auto frame = wal::parse_frame_header(bytes.data() + at);
    const auto page = bytes.begin() + static_cast<std::ptrdiff_t>(at + wal::kFrameHeaderSize);
    pages_[frame.page_number].assign(page, page + run.page_size);
    if (frame.is_commit()) size_pages_ = frame.db_size_pages;
  }
  position_ = run.end;
}

std::vector<std::byte> FeedFollower::image() const {
  std::vector<std::byte> image(std::size_t{size_pages_} * page_size_);
  for (const auto& [page, bytes] : pages_) {
    if (page <= size_pages_)
      std::copy(bytes.begin(), bytes.end(),
                image.begin() + static_cast<std::ptrdiff_t>(std::size_t{page - 1} * page_size_));
  }
  return image;
}

}  // namespace lshost::test
