#pragma once
// An object as a stream that survives breaks: it goes on where it was, and only if the object is still the same.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <lshost/cpp/stream.hpp>

#include "client.hpp"
#include "patience.hpp"

namespace lshost::s3 {

/// The bytes [offset, offset + length) of one object.
///
/// Ownership: shares the client. Threads: one at a time; may be destroyed on another.
/// Errors:    the constructor asks for the object and throws Error, NOT_FOUND among them. A short body is never taken
///            for the end: what is missing is asked for again, for as long as the settings say. If the object has
///            another ETag by then, reading fails with a retryable Error.
/// Memory:    the caller's buffer and at most 16 KiB more, whatever the size.
class ObjectSource final : public Source {
 public:
  ObjectSource(std::shared_ptr<Client> client, std::string key, std::uint64_t offset, std::uint64_t length);

  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override;

 private:
  void connect();
  void check_head(const HttpReply& head);
  [[nodiscard]] std::size_t read_some(std::span<std::byte> into);

  const std::shared_ptr<Client> client_;
  const std::string key_;
  std::uint64_t at_;   // of the next byte
  std::uint64_t end_;  // UINT64_MAX: not known before the first reply
  std::string etag_;   // of the first reply
  bool is_known_ = false;
  bool is_replaced_ = false;
  std::unique_ptr<Download> download_;
  Patience patience_;
};

/// What a reply says about the bytes that it has.
struct ContentRange {
  std::uint64_t begin;
  std::uint64_t end;  ///< half-open
};
/// Of "bytes 0-99/1000"; nullopt: it is no such header.
[[nodiscard]] std::optional<ContentRange> parse_content_range(const std::string& text);

}  // namespace lshost::s3
