#pragma once
// Reading as much of a stream as is wanted, however small its pieces are.

#include "base/byte_stream.hpp"

namespace lshost::engine {

/// Reads until `into` is full or the stream ends; returns how much there was.
[[nodiscard]] inline std::size_t fill(ByteStream& stream, MutableByteSpan into) {
  std::size_t size = 0;
  while (size < into.size()) {
    const auto got = stream.read(into.subspan(size));
    if (got == 0) break;
    size += got;
  }
  return size;
}

}  // namespace lshost::engine
