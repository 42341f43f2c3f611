// Data that is not compressed: everything up to the info, which therefore has to be there.

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "engine/format/codec.hpp"
#include "engine/format/fill.hpp"
#include "engine/format/info_frame.hpp"

namespace lshost::engine {
namespace {

/// Keeps back as much as an info can have, until the end says how much it has.
class PlainDecoder final : public Decoder {
 public:
  explicit PlainDecoder(ByteStream& object) : object_(object) {}

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    if (begin_ == data_end_ && !is_last_) refill();
    const auto size = std::min(into.size(), data_end_ - begin_);
    if (size > 0) std::memcpy(into.data(), bytes_.get() + begin_, size);
    begin_ += size;
    return size;
  }

  [[nodiscard]] ByteSpan behind() const override { return {bytes_.get() + data_end_, end_ - data_end_}; }
  [[nodiscard]] bool has_checksum() const override { return false; }

 private:
  static constexpr std::size_t kSize = 2 * kInfoFrameSizeMax;

  void refill() {
    if (!bytes_) bytes_ = std::make_unique_for_overwrite<std::byte[]>(kSize);
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    end_ += fill(object_, {bytes_.get() + end_, kSize - end_});
    is_last_ = end_ < kSize;
    data_end_ = is_last_ ? find_info() : end_ - kInfoFrameSizeMax;
  }

  [[nodiscard]] std::size_t find_info() const {
    if (end_ == 0) throw Error(ErrorCode::corrupt, "the object is empty");
    const auto tail = info_from_tail({bytes_.get(), end_});
    if (tail.frame_size == 0 || !tail.is_enough())
      throw Error(ErrorCode::corrupt, "the object is cut off, or lshost did not write it: its last bytes are no info");
    return end_ - tail.frame_size;
  }

  ByteStream& object_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t data_end_ = 0;
  std::size_t end_ = 0;
  bool is_last_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_plain_decoder(ByteStream& object) { return std::make_unique<PlainDecoder>(object); }

}  // namespace lshost::engine
