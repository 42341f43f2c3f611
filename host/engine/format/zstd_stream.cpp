// zstd frames (RFC 8878) with a checksum of the content.

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "engine/format/codec.hpp"
#include "engine/format/input_window.hpp"

namespace lshost::engine {
namespace {

constexpr int kLevel = 3;
constexpr std::size_t kInputSize = std::size_t{64} * 1024;
constexpr int kWindowLogMax = 23;  // 8 MiB: all levels up to 19. More would be memory that an object asks for
constexpr std::size_t kMagicSize = 4;
constexpr std::byte kHasChecksum{4};  // in the byte behind the magic

std::size_t checked(std::size_t result, ErrorCode code, const char* what) {
  if (ZSTD_isError(result) != 0) throw Error(code, std::string(what) + ": " + ZSTD_getErrorName(result));
  return result;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { (void)ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { (void)ZSTD_freeDCtx(context); }
};

class ZstdEncoder final : public ByteStream {
 public:
  explicit ZstdEncoder(ByteStream& raw)
      : raw_(raw),
        context_(ZSTD_createCCtx()),
        bytes_(std::make_unique_for_overwrite<std::byte[]>(kInputSize)),
        input_{bytes_.get(), 0, 0} {
    if (!context_) throw std::bad_alloc();
    checked(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel), ErrorCode::internal, "zstd");
    checked(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1), ErrorCode::internal, "zstd");
  }

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    ZSTD_outBuffer output{into.data(), into.size(), 0};
    while (output.pos == 0 && !is_done_) {
      if (input_.pos == input_.size && !is_last_) refill();
      // Told at the first call that this is all, zstd takes no more memory than the data needs.
      const auto mode = is_last_ ? ZSTD_e_end : ZSTD_e_continue;
      const auto left = ZSTD_compressStream2(context_.get(), &output, &input_, mode);
      is_done_ = checked(left, ErrorCode::internal, "zstd") == 0 && is_last_;
    }
    return output.pos;
  }

 private:
  void refill() {
    input_.size = fill(raw_, {bytes_.get(), kInputSize});
    input_.pos = 0;
    is_last_ = input_.size < kInputSize;
  }

  ByteStream& raw_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::unique_ptr<std::byte[]> bytes_;
  ZSTD_inBuffer input_;
  bool is_last_ = false;
  bool is_done_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  explicit ZstdDecoder(ByteStream& object) : window_(object), context_(ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc();
    checked(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLogMax), ErrorCode::internal, "zstd");
  }

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    if (!has_begun_) begin();
    while (!is_done_) {
      const bool has_input = window_.refill();
      const auto view = window_.view();
      ZSTD_inBuffer input{view.data(), view.size(), 0};
      ZSTD_outBuffer output{into.data(), into.size(), 0};
      const auto left = ZSTD_decompressStream(context_.get(), &output, &input);
      is_done_ = checked(left, ErrorCode::corrupt, "the zstd data is damaged") == 0;
      window_.take(input.pos);
      if (output.pos > 0) return output.pos;
      if (!is_done_ && !has_input) throw Error(ErrorCode::corrupt, "the zstd data is cut off");
    }
    return 0;
  }

  [[nodiscard]] ByteSpan behind() const override { return window_.view(); }
  [[nodiscard]] bool has_checksum() const override { return has_checksum_; }

 private:
  void begin() {
    constexpr std::string_view kMagic = "\x28\xb5\x2f\xfd";
    window_.fill_first();
    const auto start = window_.view();
    if (start.empty()) throw Error(ErrorCode::corrupt, "the object is empty");
    if (start.size() <= kMagicSize || std::memcmp(start.data(), kMagic.data(), kMagicSize) != 0)
      throw Error(ErrorCode::corrupt, "the object is no zstd frame");
    has_checksum_ = (start[kMagicSize] & kHasChecksum) != std::byte{0};
    has_begun_ = true;
  }

  InputWindow window_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  bool has_begun_ = false;
  bool is_done_ = false;
  bool has_checksum_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> make_zstd_encoder(ByteStream& raw) { return std::make_unique<ZstdEncoder>(raw); }
std::unique_ptr<Decoder> make_zstd_decoder(ByteStream& object) { return std::make_unique<ZstdDecoder>(object); }

}  // namespace lshost::engine
