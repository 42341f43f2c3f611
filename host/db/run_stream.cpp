#include "db/run_stream.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace lshost::db {

RunStream::RunStream(std::unique_ptr<os::ReadableFile> file, std::uint64_t begin, std::uint64_t end)
    : file_(std::move(file)), at_(begin), end_(end) {}

std::size_t RunStream::read(MutableByteSpan into) {
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at_));
  if (want == 0) return 0;
  const std::size_t got = file_->read_at("feed.read", at_, into.first(want));
  if (got == 0) throw Error(ErrorCode::corrupt, "feed: the shadow WAL ends early");
  at_ += got;
  return got;
}

std::optional<ByteStream::FileRange> RunStream::file_range() const {
  if (file_->descriptor() < 0) return std::nullopt;
  return FileRange{file_->descriptor(), at_, end_ - at_};
}

}  // namespace lshost::db
