#include "db/page_changes.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

namespace {

/// Of each page its last entry. REQUIRES: entries in the order of their frames.
void keep_last(std::vector<PageChanges::Entry>& entries) {
  std::ranges::reverse(entries);
  std::ranges::stable_sort(entries, {}, &PageChanges::Entry::page);
  const auto same_page = [](const auto& a, const auto& b) { return a.page == b.page; };
  entries.erase(std::unique(entries.begin(), entries.end(), same_page), entries.end());
}

}  // namespace

PageChanges read_changes(const os::ReadableFile& file, std::string_view op, std::uint64_t frames,
                         std::uint32_t page_size) {
  const std::size_t frame_size = wal::frame_size(page_size);
  const std::uint64_t at_once = std::max<std::uint64_t>(1, (256 << 10) / frame_size);
  std::vector<std::byte> buffer(std::min(at_once, frames) * frame_size);
  PageChanges changes;
  changes.entries.reserve(frames);
  for (std::uint64_t done = 0; done < frames;) {
    const std::uint64_t count = std::min(at_once, frames - done);
    const MutableByteSpan part(buffer.data(), count * frame_size);
    if (file.read_at(op, wal::frames_end(done, page_size), part) != part.size())
      throw Error(ErrorCode::corrupt, "page map: the shadow WAL ends before frame " + std::to_string(frames));
    for (std::size_t at = 0; at < part.size(); at += frame_size) {
      const auto header = wal::parse_frame_header(part.data() + at);
      if (header.page_number == 0) throw Error(ErrorCode::corrupt, "page map: a frame of the shadow WAL has no page");
      if (header.is_commit()) changes.size_pages = header.db_size_pages;
      changes.entries.push_back({header.page_number, hash_page(part.subspan(at + wal::kFrameHeaderSize, page_size))});
    }
    done += count;
  }
  keep_last(changes.entries);
  return changes;
}

}  // namespace lshost::db
