#include "sqlite/wal_reader.hpp"

#include "base/error.hpp"

namespace lshost::sqlite {
namespace {

wal::Header checked_header(ByteSpan wal) {
  if (wal.size() < wal::kHeaderSize) {
    throw Error(ErrorCode::corrupt, "wal header: the file is shorter than a header");
  }
  const auto header = wal::parse_header(wal);
  if (!header) throw Error(ErrorCode::corrupt, "wal header: magic, version, page size or checksum is wrong");
  return *header;
}

}  // namespace

WalReader::WalReader(ByteSpan wal) : wal_(wal), chain_(checked_header(wal)) {}

std::optional<WalTransaction> WalReader::next() {
  if (end_ != WalEnd::none) return std::nullopt;
  const std::uint32_t page_size = header().page_size;
  const std::size_t frame_size = wal::frame_size(page_size);
  const std::uint64_t begin = wal::frames_end(chain_.committed_frames(), page_size);

  for (std::uint64_t at = begin;; at += frame_size) {
    const ByteSpan rest = wal_.subspan(at);
    if (rest.size() < frame_size || !chain_.accept(rest.first(frame_size))) {
      end_ = at == begin ? why_not(rest) : WalEnd::uncommitted_tail;
      return std::nullopt;
    }
    const auto frame = wal::parse_frame_header(rest.data());
    if (frame.is_commit()) return WalTransaction{begin, at + frame_size - begin, frame.db_size_pages};
  }
}

WalEnd WalReader::why_not(ByteSpan rest) const noexcept {
  if (rest.empty()) return WalEnd::end_of_file;
  if (rest.size() < wal::frame_size(header().page_size)) return WalEnd::partial_frame;
  const bool same_lifetime = wal::parse_frame_header(rest.data()).salt == header().salt;
  return same_lifetime ? WalEnd::checksum_mismatch : WalEnd::salt_mismatch;
}

}  // namespace lshost::sqlite
