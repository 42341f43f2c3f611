#include "engine/format/age/file_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "engine/format/age/header.hpp"
#include "engine/format/age/payload.hpp"
#include "engine/format/fill.hpp"

namespace lshost::engine::age {
namespace {

static_assert(kSealedChunkSize >= kHeaderSizeMax);  // the header is read into the place of a chunk

/// Gives out chunks of one size, and knows which one is the last: it reads one byte further.
class Chunks {
 public:
  Chunks(std::unique_ptr<ByteStream> source, std::size_t chunk_size)
      : source_(std::move(source)),
        chunk_size_(chunk_size),
        bytes_(std::make_unique_for_overwrite<std::byte[]>(chunk_size + 1)) {}

  /// At most a chunk of what is next, without taking it.
  [[nodiscard]] ByteSpan peek() {
    have_ += fill(*source_, {bytes_.get() + have_, chunk_size_ + 1 - have_});
    return {bytes_.get(), std::min(have_, chunk_size_)};
  }
  /// After peek(): nothing follows it.
  [[nodiscard]] bool is_last() const { return have_ <= chunk_size_; }
  /// Takes from the front. REQUIRES: peek() gave as much.
  void take(std::size_t size) {
    have_ -= size;
    std::memmove(bytes_.get(), bytes_.get() + size, have_);
  }

 private:
  std::unique_ptr<ByteStream> source_;
  std::size_t chunk_size_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t have_ = 0;
};

/// What is ready to be given out.
class Ready {
 public:
  explicit Ready(std::size_t size_max) : bytes_(std::make_unique_for_overwrite<std::byte[]>(size_max)) {}
  [[nodiscard]] bool is_empty() const { return at_ == end_; }
  [[nodiscard]] MutableByteSpan make(std::size_t size) {
    at_ = 0;
    end_ = size;
    return {bytes_.get(), size};
  }
  [[nodiscard]] std::size_t give(MutableByteSpan into) {
    const auto size = std::min(into.size(), end_ - at_);
    if (size > 0) std::memcpy(into.data(), bytes_.get() + at_, size);
    at_ += size;
    return size;
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

class EncryptStream final : public ByteStream {
 public:
  EncryptStream(std::unique_ptr<ByteStream> plain, std::vector<Recipient> recipients)
      : plain_(std::move(plain), kChunkSize), recipients_(std::move(recipients)), ready_(kSealedChunkSize) {}

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    while (ready_.is_empty()) {
      if (is_done_) return 0;
      aead_ ? seal_chunk() : begin();
    }
    return ready_.give(into);
  }

 private:
  void begin() {
    FileKey file_key;
    fill_random(file_key.fill());
    const auto header = make_header(file_key, recipients_);
    if (header.size() + kPayloadNonceSize > kHeaderSizeMax)
      throw Error(ErrorCode::invalid, fmt::format("age: {} recipients are too many", recipients_.size()));
    const auto start = ready_.make(header.size() + kPayloadNonceSize);
    std::memcpy(start.data(), header.data(), header.size());
    fill_random(start.last(kPayloadNonceSize));
    aead_ = payload_aead(file_key, start.last(kPayloadNonceSize));
  }

  void seal_chunk() {
    const auto chunk = plain_.peek();
    is_done_ = plain_.is_last();
    aead_->seal(chunk_nonce(number_++, is_done_), chunk, ready_.make(chunk.size() + kTagSize));
    plain_.take(chunk.size());
  }

  Chunks plain_;
  std::vector<Recipient> recipients_;
  Ready ready_;
  std::optional<Aead> aead_;  // once the header is made
  std::uint64_t number_ = 0;
  bool is_done_ = false;
};

class DecryptStream final : public ByteStream {
 public:
  DecryptStream(std::unique_ptr<ByteStream> sealed, std::shared_ptr<const Identities> identities)
      : sealed_(std::move(sealed), kSealedChunkSize), identities_(std::move(identities)), ready_(kChunkSize) {}

  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    while (ready_.is_empty()) {
      if (is_done_) return 0;
      aead_ ? open_chunk() : begin();
    }
    return ready_.give(into);
  }

 private:
  void begin() {
    const auto start = sealed_.peek();
    const std::string_view text(reinterpret_cast<const char*>(start.data()), std::min(start.size(), kHeaderSizeMax));
    const auto size = header_size(text);
    const auto file_key = open_header(text.substr(0, size), *identities_);
    sealed_.take(size);
    const auto nonce = sealed_.peek();
    if (nonce.size() < kPayloadNonceSize) throw Error(ErrorCode::corrupt, "age: cut off behind the header");
    aead_ = payload_aead(file_key, nonce.first(kPayloadNonceSize));
    sealed_.take(kPayloadNonceSize);
  }

  void open_chunk() {
    const auto chunk = sealed_.peek();
    const bool is_last = sealed_.is_last();
    // Only the payload of an empty file is a chunk without content; elsewhere it would be a second form of the same.
    const std::size_t size_min = number_ == 0 ? kTagSize : kTagSize + 1;
    if (chunk.size() < size_min) throw Error(ErrorCode::corrupt, "age: cut off");
    const bool is_good = aead_->open(chunk_nonce(number_, is_last), chunk, ready_.make(chunk.size() - kTagSize));
    if (!is_good)
      throw Error(ErrorCode::corrupt,
                  fmt::format("age: chunk {} is damaged{}", number_, is_last ? ", or the file was cut off" : ""));
    ++number_;
    is_done_ = is_last;
    sealed_.take(chunk.size());
  }

  Chunks sealed_;
  std::shared_ptr<const Identities> identities_;
  Ready ready_;
  std::optional<Aead> aead_;  // once the header was opened
  std::uint64_t number_ = 0;
  bool is_done_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> encrypt(std::unique_ptr<ByteStream> plain, std::vector<Recipient> recipients) {
  LSHOST_ASSERT(!recipients.empty());
  return std::make_unique<EncryptStream>(std::move(plain), std::move(recipients));
}

std::unique_ptr<ByteStream> decrypt(std::unique_ptr<ByteStream> sealed, std::shared_ptr<const Identities> identities) {
  LSHOST_ASSERT(identities && !identities->empty());
  return std::make_unique<DecryptStream>(std::move(sealed), std::move(identities));
}

}  // namespace lshost::engine::age
