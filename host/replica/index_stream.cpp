#include "replica/index_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"

namespace lshost::replica {
namespace {

void skip(ByteStream& stream, std::uint64_t bytes) {
  std::vector<std::byte> scratch(std::min<std::uint64_t>(bytes, 1 << 16));
  while (bytes > 0) {
    const std::size_t got = stream.read(MutableByteSpan(scratch).first(std::min<std::uint64_t>(bytes, scratch.size())));
    if (got == 0) return;  // read() finds the item too short
    bytes -= got;
  }
}

}  // namespace

IndexStream::IndexStream(Replicator& replicator, const IndexStep& step) : replicator_(replicator), step_(step) {}

void IndexStream::open_next() {
  const WalPiece& piece = step_.pieces[next_piece_++];
  piece_ = with_context("wal " + db::to_string(piece.item.position), [&] { return replicator_.open(piece.item); });
  file_ = piece_->file_range();
  if (file_) file_->offset += piece.skip_bytes;
  if (!file_) is_from_files_ = false;
  skip(*piece_, piece.skip_bytes);
  piece_left_bytes_ = piece.size_bytes;
}

bool IndexStream::is_one_file() {
  if (step_.pieces.size() != 1) return false;
  open_next();
  return file_.has_value();
}

std::size_t IndexStream::read(MutableByteSpan into) {
  while (piece_left_bytes_ == 0) {
    if (next_piece_ == step_.pieces.size()) return 0;
    open_next();
  }
  const Item& item = step_.pieces[next_piece_ - 1].item;
  const std::size_t wanted = std::min<std::uint64_t>(into.size(), piece_left_bytes_);
  const std::size_t got =
      with_context("wal " + db::to_string(item.position), [&] { return piece_->read(into.first(wanted)); });
  if (got == 0) {
    const WalPiece& piece = step_.pieces[next_piece_ - 1];
    db::Position end = item.position;
    end.offset += piece.skip_bytes + piece.size_bytes - piece_left_bytes_;
    throw Error(ErrorCode::corrupt, fmt::format("wal from {} is missing: the stored part ends {} bytes too early",
                                                db::to_string(end), piece_left_bytes_));
  }
  piece_left_bytes_ -= got;
  return got;
}

std::size_t read_fully(ByteStream& stream, MutableByteSpan into) {
  std::size_t total = 0;
  while (total < into.size()) {
    const std::size_t got = stream.read(into.subspan(total));
    if (got == 0) break;
    total += got;
  }
  return total;
}

}  // namespace lshost::replica
