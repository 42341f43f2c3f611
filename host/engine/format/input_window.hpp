#pragma once
// The piece of a stream that a decoder is looking at.

#include <cstring>
#include <memory>

#include "engine/format/fill.hpp"

namespace lshost::engine {

/// Borrows the stream. Threads: one at a time.
class InputWindow {
 public:
  static constexpr std::size_t kSize = std::size_t{64} * 1024;

  explicit InputWindow(ByteStream& source) : source_(source) {}

  /// What was read and not taken.
  [[nodiscard]] ByteSpan view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  void take(std::size_t size) { begin_ += size; }
  /// Reads on, if all was taken. False: the stream has ended.
  [[nodiscard]] bool refill() {
    if (begin_ != end_) return true;
    begin_ = 0;
    end_ = 0;
    allocate();
    end_ = source_.read({bytes_.get(), kSize});
    return end_ != 0;
  }
  /// Reads until the window is full or the stream ends. REQUIRES: nothing was read yet.
  void fill_first() {
    allocate();
    end_ = fill(source_, {bytes_.get(), kSize});
  }

 private:
  void allocate() {
    if (!bytes_) bytes_ = std::make_unique_for_overwrite<std::byte[]>(kSize);
  }

  ByteStream& source_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace lshost::engine
