#include "replica/page_pass.hpp"

#include <algorithm>

namespace lshost::replica {
namespace {

constexpr std::uint64_t kLockByte = 0x40000000;  // SQLite's locks lie there; the page around it is never used
/// The disk begins early, so that the sync at the end has less to wait for.
constexpr std::uint64_t kWriteBackBytes = std::uint64_t{16} << 20;

}  // namespace

void PagePass::write_run(const PageBlock& block, std::size_t begin, std::size_t end) {
  if (begin < end) out_.write_at(block.offset + begin, ByteSpan(block.bytes).subspan(begin, end - begin));
}

void PagePass::write(PageBlock& block, std::uint32_t page_size, bool has_image) {
  const auto first = static_cast<std::uint32_t>(block.offset / page_size + 1);
  const auto count = static_cast<std::uint32_t>(block.bytes.size() / page_size);
  const auto lock_page = static_cast<std::uint32_t>(kLockByte / page_size + 1);
  std::size_t begin = 0;  // of what is to be written
  std::size_t end = 0;
  table_.visit(first, count, [&](const PageTable::Run& run) {
    for (std::uint32_t i = 0; i < run.versions.size(); ++i, end += page_size) {
      if (kept_.has(run.versions[i])) {
        kept_.read_page(run.versions[i], run.sums[i], MutableByteSpan(block.bytes).subspan(end, page_size));
      } else if (!has_image || run.versions[i] != kSnapshotVersion || run.first + i == lock_page) {
        write_run(block, begin, end);
        begin = end + page_size;
      }
    }
  });
  write_run(block, begin, end);
  if (block.offset + end - begun_writing_back_ < kWriteBackBytes) return;
  out_.start_write_back();
  begun_writing_back_ = block.offset + end;
}

void PagePass::run(std::uint32_t page_size, std::uint64_t page_count) {
  const std::uint64_t wanted_bytes = page_count * page_size;
  PageBlock block;
  while (image_.next(block)) {
    on_bytes_(block.bytes.size());
    if (block.offset >= wanted_bytes) continue;  // the database became smaller: read to be proven only
    block.bytes.resize(std::min<std::uint64_t>(block.bytes.size(), wanted_bytes - block.offset));
    write(block, page_size, true);
  }
  if (image_.size_bytes() >= wanted_bytes) return;
  // Behind the snapshot, what nobody wrote is a hole in the file.
  const auto image_pages = static_cast<std::uint32_t>(image_.size_bytes() / page_size);
  for (const auto& range : table_.known(image_pages + 1, static_cast<std::uint32_t>(page_count - image_pages))) {
    const std::uint64_t end = (std::uint64_t{range.first} - 1 + range.count) * page_size;
    for (block.offset = std::uint64_t{range.first - 1} * page_size; block.offset < end;
         block.offset += block.bytes.size()) {
      on_bytes_(0);
      block.bytes.resize(std::min<std::uint64_t>(PageBlock::kSize, end - block.offset));
      write(block, page_size, false);
    }
  }
}

}  // namespace lshost::replica
