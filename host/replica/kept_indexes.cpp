#include "replica/kept_indexes.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>

#include "base/error.hpp"
#include "lshost/wal.hpp"

namespace lshost::replica {
namespace {

/// False: the file ends before, or can not be read.
bool read_all(int descriptor, std::uint64_t offset, MutableByteSpan into) noexcept {
  while (!into.empty()) {
    const ::ssize_t got = ::pread(descriptor, into.data(), into.size(), static_cast<::off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    offset += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

PageSum page_sum(ByteSpan page) noexcept { return static_cast<PageSum>(XXH3_64bits(page.data(), page.size())); }

void KeptIndexes::read_page(PageVersion version, PageSum sum, MutableByteSpan into) const {
  const std::uint32_t ordinal = index_ordinal_of(version);
  const FileRun& run = runs_[ordinal];
  const std::uint64_t frame = wal::frames_end(frame_of(version) - 1, static_cast<std::uint32_t>(into.size()));
  if (read_all(run.descriptor, run.offset + frame + wal::kFrameHeaderSize, into) && page_sum(into) == sum) return;
  throw Error(ErrorCode::corrupt,
              fmt::format("wal frame at {} is not what it was when it was checked, a moment ago",
                          db::to_string({plan_.target.generation, plan_.steps[ordinal].index, frame})));
}

}  // namespace lshost::replica
