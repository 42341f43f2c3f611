#include "engine/format/codec.hpp"

#include "base/assert.hpp"

namespace lshost::engine {
namespace {

class PlainEncoder final : public ByteStream {
 public:
  explicit PlainEncoder(ByteStream& raw) : raw_(raw) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override { return raw_.read(into); }

 private:
  ByteStream& raw_;
};

}  // namespace

std::unique_ptr<ByteStream> make_encoder(Compression compression, ByteStream& raw) {
  switch (compression) {
    case Compression::lz4:
      return make_lz4_encoder(raw);
    case Compression::zstd:
      return make_zstd_encoder(raw);
    case Compression::none:
      return std::make_unique<PlainEncoder>(raw);
  }
  LSHOST_ASSERT(false);
}

std::unique_ptr<Decoder> make_decoder(Compression compression, ByteStream& object) {
  switch (compression) {
    case Compression::lz4:
      return make_lz4_decoder(object);
    case Compression::zstd:
      return make_zstd_decoder(object);
    case Compression::none:
      return make_plain_decoder(object);
  }
  LSHOST_ASSERT(false);
}

}  // namespace lshost::engine
