#include "engine/format/open_object.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "engine/format/age/file_stream.hpp"
#include "engine/format/age/header.hpp"
#include "engine/format/codec.hpp"
#include "engine/format/fill.hpp"
#include "engine/format/info_frame.hpp"
#include "engine/format/raw_digest.hpp"

namespace lshost::engine {
namespace {

/// A stream whose first bytes were looked at.
class WithStart final : public ByteStream {
 public:
  explicit WithStart(std::unique_ptr<ByteStream> source) : source_(std::move(source)) {}

  [[nodiscard]] std::string_view start() {
    end_ = fill(*source_, bytes_);
    return {reinterpret_cast<const char*>(bytes_.data()), end_};
  }

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    if (at_ == end_) return source_->read(into);
    const auto size = std::min(into.size(), end_ - at_);
    std::memcpy(into.data(), bytes_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  std::unique_ptr<ByteStream> source_;
  std::array<std::byte, age::kIntro.size()> bytes_{};
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

/// Takes the encryption off, if there should be one, and refuses an object that is not as it should be.
std::unique_ptr<ByteStream> decrypted(std::unique_ptr<ByteStream> object, const OpenOptions& options) {
  auto source = std::make_unique<WithStart>(std::move(object));
  const auto start = source->start();
  const bool is_encrypted = start == age::kIntro;
  const bool has_identity = options.identities && !options.identities->empty();
  if (is_encrypted && !has_identity)
    throw Error(ErrorCode::denied, "the object is encrypted, and there is no key; hint: set age-identities");
  if (!is_encrypted && has_identity && start.empty()) throw Error(ErrorCode::corrupt, "the object is empty");
  if (!is_encrypted && has_identity && age::kIntro.starts_with(start))
    throw Error(ErrorCode::corrupt, "the object is cut off");
  if (!is_encrypted && has_identity)
    throw Error(ErrorCode::denied,
                "the object is not encrypted, so it is not what was stored with age-recipients; hint: to read what was "
                "stored before encryption was switched on, leave age-identities out");
  if (is_encrypted) return age::decrypt(std::move(source), options.identities);
  return source;
}

class Opened final : public OpenedObject {
 public:
  Opened(std::unique_ptr<ByteStream> object, OpenOptions options)
      : object_(std::move(object)), options_(std::move(options)) {}

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    if (into.empty()) return 0;
    if (failure_) std::rethrow_exception(failure_);
    try {
      return read_keeping_one(into);
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }

  [[nodiscard]] const std::optional<ObjectInfo>& info() const override {
    LSHOST_ASSERT(is_verified_);
    return info_;
  }

 private:
  /// The last byte that was decoded is kept back until there is another one, or until all is verified.
  std::size_t read_keeping_one(MutableByteSpan into) {
    if (is_verified_) return 0;
    if (!decoder_) begin();
    if (!has_kept_ && !keep_first()) {
      verify();
      return 0;
    }
    std::byte next{};
    const auto behind_kept = into.size() > 1 ? into.subspan(1) : MutableByteSpan(&next, 1);
    const auto size = decode(behind_kept);
    if (size == 0) verify();
    into[0] = kept_;
    if (size == 0) return 1;
    kept_ = behind_kept[size - 1];
    return size;
  }

  bool keep_first() {
    has_kept_ = decode({&kept_, 1}) == 1;
    return has_kept_;
  }

  void begin() {
    object_ = decrypted(std::move(object_), options_);
    decoder_ = make_decoder(options_.compression, *object_);
  }

  std::size_t decode(MutableByteSpan into) {
    const auto size = decoder_->read(into);
    digest_.add(into.first(size));
    return size;
  }

  void verify() {
    std::vector<std::byte> tail(kInfoFrameSizeMax + 1);
    const auto behind = decoder_->behind();
    auto size = std::min(behind.size(), tail.size());
    if (size > 0) std::memcpy(tail.data(), behind.data(), size);
    size += fill(*object_, MutableByteSpan(tail).subspan(size));
    if (size > kInfoFrameSizeMax) throw Error(ErrorCode::corrupt, "there is something else behind the data");
    if (size > 0) info_ = decode_info_frame(ByteSpan(tail).first(size));
    check_digest();
    is_verified_ = true;
  }

  void check_digest() const {
    if (!info_ && !decoder_->has_checksum())
      throw Error(ErrorCode::corrupt, "the data has no checksum, so nothing tells whether it is what was stored");
    if (info_ && (info_->raw_size != digest_.size() || info_->raw_checksum != digest_.checksum()))
      throw Error(ErrorCode::corrupt, "the data is not what was stored: its checksum is wrong");
  }

  std::unique_ptr<ByteStream> object_;
  OpenOptions options_;
  std::unique_ptr<Decoder> decoder_;  // once the object was begun
  RawDigest digest_;
  std::optional<ObjectInfo> info_;
  std::exception_ptr failure_;
  std::byte kept_{};
  bool has_kept_ = false;
  bool is_verified_ = false;
};

}  // namespace

std::unique_ptr<OpenedObject> open_object(std::unique_ptr<ByteStream> object, const OpenOptions& options) {
  return std::make_unique<Opened>(std::move(object), options);
}

}  // namespace lshost::engine
