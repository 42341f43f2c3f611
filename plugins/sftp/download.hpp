#pragma once
// One get: a range of a file as a stream, read ahead.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <lshost/cpp/stream.hpp>

#include "remote.hpp"

namespace lshost::sftp {

inline constexpr std::size_t kReadsInFlight = 32;  ///< of kChunkSize: 1 MiB, about libssh's window

/// Reads of one open file in order, posted ahead of their use. For one thread; `client` must outlive it.
class ReadAhead {
 public:
  /// The bytes [begin, end).
  ReadAhead(Client& client, std::string handle, std::string path, std::uint64_t begin, std::uint64_t end);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  /// Closes the file, and forgets what was posted.
  ~ReadAhead();

  /// The next bytes; none at the end. Throws Error{CORRUPT} if the file ends before that.
  [[nodiscard]] Bytes next();
  /// Of what next() gives.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

 private:
  struct Asked {
    RequestId id;
    std::uint32_t size;
  };
  void ask();

  Client& client_;
  const std::string handle_;
  const std::string path_;
  const std::uint64_t end_;
  std::uint64_t position_;  // of what is given next
  std::uint64_t asked_to_;
  std::deque<Asked> asked_;  // oldest first
};

/// The bytes [offset, offset + length) of a file, cut at its end; small ones are all read at once, and need no
/// connection afterwards. Throws Error{NOT_FOUND}.
[[nodiscard]] std::unique_ptr<Source> download(std::shared_ptr<Remote> remote, const std::string& path,
                                               std::uint64_t offset, std::uint64_t length);

}  // namespace lshost::sftp
