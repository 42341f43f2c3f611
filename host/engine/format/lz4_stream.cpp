// LZ4 frames as Litestream 0.3 writes and reads them (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md).
//
// Written: independent blocks and a checksum of the content. No checksum a block, which Litestream refuses, and no
// size. Blocks have 64 KiB, not Litestream's 4 MiB: in them LZ4 finds by a table with entries of half the size, so it
// finds more, and pages of databases get 5 to 8 percent smaller; and nobody needs more memory than that. Read:
// everything that the format allows except dictionaries.

#include <lz4frame.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "engine/format/codec.hpp"
#include "engine/format/input_window.hpp"

namespace lshost::engine {
namespace {

constexpr std::size_t kBlockSize = std::size_t{64} * 1024;
constexpr std::size_t kMagicSize = 4;
constexpr std::size_t kEndSizeMax = 8;  // the end mark and the checksum

LZ4F_preferences_t preferences() {
  LZ4F_preferences_t prefs = LZ4F_INIT_PREFERENCES;
  prefs.frameInfo.blockSizeID = LZ4F_max64KB;
  prefs.frameInfo.blockMode = LZ4F_blockIndependent;
  prefs.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  prefs.compressionLevel = 1;
  prefs.autoFlush = 1;  // each block as it comes: no buffer inside
  return prefs;
}

std::size_t checked(std::size_t result, ErrorCode code, const char* what) {
  if (LZ4F_isError(result) != 0) throw Error(code, std::string(what) + ": " + LZ4F_getErrorName(result));
  return result;
}

class Lz4Encoder final : public ByteStream {
 public:
  explicit Lz4Encoder(ByteStream& raw)
      : raw_(raw),
        prefs_(preferences()),
        output_size_max_(LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(kBlockSize, &prefs_) + kEndSizeMax),
        input_(std::make_unique_for_overwrite<std::byte[]>(kBlockSize)),
        output_(std::make_unique_for_overwrite<std::byte[]>(output_size_max_)) {
    checked(LZ4F_createCompressionContext(&context_, LZ4F_VERSION), ErrorCode::internal, "lz4");
  }
  ~Lz4Encoder() override { (void)LZ4F_freeCompressionContext(context_); }
  Lz4Encoder(const Lz4Encoder&) = delete;
  Lz4Encoder& operator=(const Lz4Encoder&) = delete;

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    while (at_ == end_ && !is_done_) make_more();
    const auto size = std::min(into.size(), end_ - at_);
    if (size > 0) std::memcpy(into.data(), output_.get() + at_, size);
    at_ += size;
    return size;
  }

 private:
  /// One block, with what comes before the first and behind the last.
  void make_more() {
    const auto size = fill(raw_, {input_.get(), kBlockSize});
    at_ = 0;
    end_ = 0;
    if (!has_begun_) append(LZ4F_compressBegin(context_, output_.get(), output_size_max_, &prefs_));
    has_begun_ = true;
    append(LZ4F_compressUpdate(context_, output_.get() + end_, output_size_max_ - end_, input_.get(), size, nullptr));
    is_done_ = size < kBlockSize;
    if (is_done_) append(LZ4F_compressEnd(context_, output_.get() + end_, output_size_max_ - end_, nullptr));
  }
  void append(std::size_t result) { end_ += checked(result, ErrorCode::internal, "lz4"); }

  ByteStream& raw_;
  const LZ4F_preferences_t prefs_;
  const std::size_t output_size_max_;
  LZ4F_cctx* context_ = nullptr;
  std::unique_ptr<std::byte[]> input_;
  std::unique_ptr<std::byte[]> output_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  bool has_begun_ = false;
  bool is_done_ = false;
};

class Lz4Decoder final : public Decoder {
 public:
  explicit Lz4Decoder(ByteStream& object) : window_(object) {
    checked(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION), ErrorCode::internal, "lz4");
  }
  ~Lz4Decoder() override { (void)LZ4F_freeDecompressionContext(context_); }
  Lz4Decoder(const Lz4Decoder&) = delete;
  Lz4Decoder& operator=(const Lz4Decoder&) = delete;

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    if (!has_begun_) begin();
    while (!is_done_) {
      const bool has_input = window_.refill();
      const auto input = window_.view();
      std::size_t taken = input.size();
      std::size_t made = into.size();
      const auto hint = LZ4F_decompress(context_, into.data(), &made, input.data(), &taken, nullptr);
      is_done_ = checked(hint, ErrorCode::corrupt, "the LZ4 data is damaged") == 0;
      window_.take(taken);
      if (made > 0) return made;
      if (!is_done_ && !has_input) throw Error(ErrorCode::corrupt, "the LZ4 data is cut off");
    }
    return 0;
  }

  [[nodiscard]] ByteSpan behind() const override { return window_.view(); }
  [[nodiscard]] bool has_checksum() const override { return has_checksum_; }

 private:
  void begin() {
    constexpr std::string_view kMagic = "\x04\x22\x4d\x18";
    window_.fill_first();
    const auto start = window_.view();
    if (start.empty()) throw Error(ErrorCode::corrupt, "the object is empty");
    if (start.size() < kMagicSize || std::memcmp(start.data(), kMagic.data(), kMagicSize) != 0)
      throw Error(ErrorCode::corrupt, "the object is no LZ4 frame");
    LZ4F_frameInfo_t info{};
    std::size_t taken = start.size();
    checked(LZ4F_getFrameInfo(context_, &info, start.data(), &taken), ErrorCode::corrupt, "the LZ4 header is damaged");
    if (info.dictID != 0) throw Error(ErrorCode::unsupported, "the LZ4 data needs a dictionary");
    has_checksum_ = info.contentChecksumFlag == LZ4F_contentChecksumEnabled;
    window_.take(taken);
    has_begun_ = true;
  }

  InputWindow window_;
  LZ4F_dctx* context_ = nullptr;
  bool has_begun_ = false;
  bool is_done_ = false;
  bool has_checksum_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> make_lz4_encoder(ByteStream& raw) { return std::make_unique<Lz4Encoder>(raw); }
std::unique_ptr<Decoder> make_lz4_decoder(ByteStream& object) { return std::make_unique<Lz4Decoder>(object); }

}  // namespace lshost::engine
