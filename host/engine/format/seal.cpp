#include "engine/format/seal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "engine/format/age/file_stream.hpp"
#include "engine/format/codec.hpp"
#include "engine/format/info_frame.hpp"
#include "engine/format/raw_digest.hpp"

namespace lshost::engine {
namespace {

/// Counts what passes.
class DigestStream final : public ByteStream {
 public:
  explicit DigestStream(std::unique_ptr<ByteStream> raw) : raw_(std::move(raw)) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    const auto size = raw_->read(into);
    digest_.add(into.first(size));
    return size;
  }
  [[nodiscard]] const RawDigest& digest() const { return digest_; }

 private:
  std::unique_ptr<ByteStream> raw_;
  RawDigest digest_;
};

/// The data frame, then the info.
class PlainObject final : public SealedObject {
 public:
  PlainObject(std::unique_ptr<ByteStream> raw, Compression compression, ObjectInfo info)
      : raw_(std::move(raw)), data_(make_encoder(compression, raw_)), info_(std::move(info)) {}

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    if (into.empty()) return 0;
    if (data_) {
      if (const auto size = data_->read(into); size > 0) return size;
      finish_info();
      frame_ = encode_info_frame(info_);
      data_.reset();
    }
    const auto size = std::min(into.size(), frame_.size() - frame_at_);
    if (size > 0) std::memcpy(into.data(), frame_.data() + frame_at_, size);
    frame_at_ += size;
    return size;
  }

  [[nodiscard]] const ObjectInfo& info() const override {
    LSHOST_ASSERT(!data_ && frame_at_ == frame_.size());
    return info_;
  }

 private:
  void finish_info() {
    info_.raw_size = raw_.digest().size();
    info_.raw_checksum = raw_.digest().checksum();
    if (const auto why = contradiction_in(info_); !why.empty())
      throw Error(ErrorCode::corrupt, "the bytes to be stored are not what was announced: " + why);
  }

  DigestStream raw_;
  std::unique_ptr<ByteStream> data_;  // until its end
  ObjectInfo info_;
  std::vector<std::byte> frame_;
  std::size_t frame_at_ = 0;
};

/// An object that something is done with on its way out; borrows it from the stream that owns it.
class EncryptedObject final : public SealedObject {
 public:
  EncryptedObject(std::unique_ptr<SealedObject> plain, const std::vector<age::Recipient>& recipients)
      : plain_(*plain), encrypted_(age::encrypt(std::move(plain), recipients)) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override { return encrypted_->read(into); }
  [[nodiscard]] const ObjectInfo& info() const override { return plain_.info(); }

 private:
  const SealedObject& plain_;
  std::unique_ptr<ByteStream> encrypted_;
};

/// After a failure the streams below are in the middle of something: never let a second read look like success.
class FailingForGood final : public SealedObject {
 public:
  explicit FailingForGood(std::unique_ptr<SealedObject> object) : object_(std::move(object)) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    if (failure_) std::rethrow_exception(failure_);
    try {
      return object_->read(into);
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }
  [[nodiscard]] const ObjectInfo& info() const override { return object_->info(); }

 private:
  std::unique_ptr<SealedObject> object_;
  std::exception_ptr failure_;
};

/// What can be checked before the first byte is read.
void check_announced(ObjectInfo info) {
  info.raw_size = info.kind == ObjectKind::wal ? info.end_offset - info.offset : 0;
  if (const auto why = contradiction_in(info); !why.empty())
    throw Error(ErrorCode::internal, "an object can not be sealed: " + why);
}

}  // namespace

std::unique_ptr<SealedObject> seal(std::unique_ptr<ByteStream> raw, const SealOptions& options, ObjectInfo info) {
  info.commit_runs = thinned(std::move(info.commit_runs));
  check_announced(info);
  std::unique_ptr<SealedObject> object =
      std::make_unique<PlainObject>(std::move(raw), options.compression, std::move(info));
  if (!options.recipients.empty()) object = std::make_unique<EncryptedObject>(std::move(object), options.recipients);
  return std::make_unique<FailingForGood>(std::move(object));
}

}  // namespace lshost::engine
