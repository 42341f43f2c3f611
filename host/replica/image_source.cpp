#include "replica/image_source.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "lshost/wal.hpp"
#include "replica/index_stream.hpp"

namespace lshost::replica {
namespace {

constexpr char kMagic[] = "SQLite format 3";  // with its zero byte
constexpr std::size_t kDatabaseHeaderSize = 100;

}  // namespace

std::uint32_t page_size_of_header(ByteSpan page_one) noexcept {
  if (page_one.size() < kDatabaseHeaderSize || std::memcmp(page_one.data(), kMagic, sizeof kMagic) != 0) return 0;
  const auto stored = load_be<std::uint16_t>(page_one.data() + 16);
  const std::uint32_t size = stored == 1 ? 65536 : stored;
  return wal::is_page_size(size) ? size : 0;
}

ImageSource::ImageSource(Replicator& replicator, const Item& snapshot) : snapshot_(snapshot) {
  with_context("snapshot " + db::to_string(snapshot_.position), [&] {
    stream_ = replicator.open(snapshot_);
    read_block(first_);
  });
  if (read_bytes_ == 0) return;
  page_size_ = page_size_of_header(first_.bytes);
  if (page_size_ == 0 || size_bytes() % page_size_ != 0) {
    throw Error(ErrorCode::corrupt,
                fmt::format("snapshot {} is not the image of a SQLite database", db::to_string(snapshot_.position)));
  }
}

void ImageSource::read_block(PageBlock& block) {
  block.offset = read_bytes_;
  block.bytes.resize(PageBlock::kSize);
  block.bytes.resize(read_fully(*stream_, block.bytes));
  read_bytes_ += block.bytes.size();
  ended_ = block.bytes.size() < PageBlock::kSize;
  if (read_bytes_ > size_bytes() || (ended_ && read_bytes_ < size_bytes())) {
    throw Error(ErrorCode::corrupt, fmt::format("it has {}{} bytes, {} were announced", ended_ ? "" : "more than ",
                                                ended_ ? read_bytes_ : size_bytes(), size_bytes()));
  }
}

bool ImageSource::next(PageBlock& block) {
  if (!std::exchange(first_taken_, true)) {
    block = std::move(first_);
  } else if (ended_) {
    return false;
  } else {
    with_context("snapshot " + db::to_string(snapshot_.position), [&] { read_block(block); });
  }
  return !block.bytes.empty();
}

}  // namespace lshost::replica
