#include "engine/streams.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/errors.hpp"

namespace lshost::engine {

std::size_t StreamSource::Read(std::span<std::byte> into) {
  return with_host_errors([&] { return stream_->read(into); });
}

std::size_t MemoryStream::read(MutableByteSpan into) {
  const std::size_t count = std::min(into.size(), left_.size());
  if (count > 0) std::memcpy(into.data(), left_.data(), count);
  left_ = left_.subspan(count);
  return count;
}

Buffer read_all(Source& source, std::size_t size_max) {
  constexpr std::size_t kStep = std::size_t{64} << 10;
  Buffer all;
  for (;;) {
    const std::size_t have = all.size();
    all.resize(have + kStep);
    const std::size_t count = source.Read(std::span(all).subspan(have));
    all.resize(have + count);
    if (count == 0) return all;
    if (all.size() > size_max) throw Error::Corrupt("more bytes came than were asked for");
  }
}

std::size_t Body::Read(std::span<std::byte> into) {
  rethrow_failure();
  try {
    check_();
    const std::size_t count = with_host_errors([&] { return bytes_.read(into); });
    bytes_read_ += count;
    if (count == 0 && !into.empty()) is_at_end_ = true;
    return count;
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
}

}  // namespace lshost::engine
