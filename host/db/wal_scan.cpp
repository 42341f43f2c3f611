#include "db/wal_scan.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace lshost::db {

std::optional<WalScan> scan_wal(const os::ReadableFile& file, std::string_view op) {
  std::array<std::byte, wal::kHeaderSize> head;
  if (file.read_at(op, 0, head) != head.size()) return std::nullopt;
  const auto header = wal::parse_header(head);
  if (!header) return std::nullopt;

  const std::size_t frame_size = wal::frame_size(header->page_size);
  std::vector<std::byte> buffer(std::max<std::size_t>(1, (256 << 10) / frame_size) * frame_size);
  wal::Chain chain(*header);
  WalScan scan{*header, 0, header->checksum};
  for (;;) {
    const std::size_t got = file.read_at(op, wal::frames_end(chain.frames(), header->page_size), buffer);
    for (std::size_t at = 0; at + frame_size <= got; at += frame_size) {
      if (!chain.accept(ByteSpan(buffer).subspan(at, frame_size))) return scan;
      if (chain.committed_frames() == chain.frames()) scan = {*header, chain.frames(), chain.sum()};
    }
    if (got < buffer.size()) return scan;
  }
}

}  // namespace lshost::db
