#pragma once
// Bytes between the SDK's streams and the host's, and bytes that are held in memory.

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <lshost/cpp/stream.hpp>

#include "base/byte_stream.hpp"

namespace lshost::engine {

using Buffer = std::vector<std::byte>;

/// A stream of the SDK as one of the host's. Throws the SDK's errors.
class SourceStream final : public ByteStream {
 public:
  explicit SourceStream(std::unique_ptr<Source> source) noexcept : source_(std::move(source)) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override { return source_->Read(into); }

 private:
  std::unique_ptr<Source> source_;
};

/// A stream of the host's as one of the SDK; what the host's code throws is translated.
class StreamSource final : public Source {
 public:
  explicit StreamSource(std::unique_ptr<ByteStream> stream) noexcept : stream_(std::move(stream)) {}
  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override;

 private:
  std::unique_ptr<ByteStream> stream_;
};

/// Bytes that somebody keeps meanwhile.
class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(ByteSpan bytes) noexcept : left_(bytes) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override;

 private:
  ByteSpan left_;
};

/// All of a stream, of at most `size_max` bytes: throws Error(corrupt) if there are more.
[[nodiscard]] Buffer read_all(Source& source, std::size_t size_max);

/// The body of a put: stops when it should, and remembers whether it was read to its end and what failed in it. A store
/// may make anything of a failure in the body, so the truth is here.
class Body final : public Source {
 public:
  /// `check` is called before each read, and throws to stop. Borrows `bytes`.
  Body(ByteStream& bytes, std::function<void()> check) : bytes_(bytes), check_(std::move(check)) {}

  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override;
  /// Throws what failed while the body was read, if anything did.
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }
  /// True: the end was seen.
  [[nodiscard]] bool is_at_end() const noexcept { return is_at_end_; }
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

 private:
  ByteStream& bytes_;
  const std::function<void()> check_;
  std::exception_ptr failure_;
  std::uint64_t bytes_read_ = 0;
  bool is_at_end_ = false;
};

}  // namespace lshost::engine
