#pragma once
// Bytes in memory as a stream, in pieces as small as is wanted; and a stream read to its end, or to a limit.

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/byte_stream.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(Bytes bytes, std::size_t piece_size_max = SIZE_MAX)
      : bytes_(std::move(bytes)), piece_size_max_(piece_size_max) {}

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    const auto size = std::min({into.size(), bytes_.size() - at_, piece_size_max_});
    if (size > 0) std::memcpy(into.data(), bytes_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  Bytes bytes_;
  std::size_t piece_size_max_;
  std::size_t at_ = 0;
};

[[nodiscard]] inline std::unique_ptr<ByteStream> stream_of(ByteSpan bytes) {
  return std::make_unique<MemoryStream>(copy_of(bytes));
}

/// Appends to `all` what the stream has; what it had before it threw is there, too.
inline void read_all(ByteStream& stream, Bytes& all, std::size_t piece_size = 4096) {
  Bytes piece(piece_size);
  while (const auto size = stream.read(piece))
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
}

}  // namespace lshost::fuzz
