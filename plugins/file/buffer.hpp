#pragma once
// Memory to copy through, as large as the work at hand and given back when there is none: a thousand idle replicas
// must not hold a thousand large buffers.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

namespace lshost::file {

/// Threads: one at a time.
class Buffer {
 public:
  /// At least min(`size`, `size_max`) bytes, untouched where the memory is new. Valid until the next call.
  [[nodiscard]] std::span<std::byte> get(std::size_t size, std::size_t size_max) {
    const std::size_t want = std::min(size, size_max);
    if (size_ < want) {
      bytes_ = std::make_unique_for_overwrite<std::byte[]>(want);
      size_ = want;
    }
    return {bytes_.get(), want};
  }
  /// Gives back what is larger than `keep`.
  void shrink(std::size_t keep) {
    if (size_ <= keep) return;
    bytes_.reset();
    size_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace lshost::file
