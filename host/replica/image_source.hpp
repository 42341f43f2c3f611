#pragma once
// A snapshot's image as blocks, checked against what was announced.

#include <cstdint>
#include <memory>

#include "base/byte_stream.hpp"
#include "replica/page_block.hpp"
#include "replica/replicator.hpp"

namespace lshost::replica {

/// One thread at a time.
class ImageSource {
 public:
  /// Opens the snapshot and reads its first block. Throws Error{corrupt} if that does not begin a database.
  ImageSource(Replicator& replicator, const Item& snapshot);

  /// 0: the image is empty, as that of a database into which nothing was ever written.
  [[nodiscard]] std::uint32_t page_size() const noexcept { return page_size_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return snapshot_.size_bytes; }

  /// Moves the next block into `block`, of PageBlock::kSize but for the last; false at the end, after the destination's
  /// own check of the whole image passed. Throws Error{corrupt} if the image is longer or shorter than announced.
  [[nodiscard]] bool next(PageBlock& block);

 private:
  void read_block(PageBlock& block);

  const Item snapshot_;
  std::uint32_t page_size_ = 0;
  std::unique_ptr<ByteStream> stream_;
  std::uint64_t read_bytes_ = 0;
  PageBlock first_;
  bool first_taken_ = false;
  bool ended_ = false;
};

/// The page size that page 1 of a database names; 0: it is not one.
[[nodiscard]] std::uint32_t page_size_of_header(ByteSpan page_one) noexcept;

}  // namespace lshost::replica
