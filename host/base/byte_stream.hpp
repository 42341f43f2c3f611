#pragma once
// Bytes to be read once, from start to end, wherever they come from.

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.hpp"

namespace lshost {

/// One thread at a time; may be destroyed on another thread than the one that read.
class ByteStream {
 public:
  /// Bytes still to be read that are one run of a file. The descriptor is borrowed from the stream and good for
  /// positioned reads, copy_file_range and sendfile only.
  struct FileRange {
    int descriptor;
    std::uint64_t offset;
    std::uint64_t length;
  };

  virtual ~ByteStream() = default;
  /// Reads up to into.size() bytes; 0 is the end. May block. Throws Error; {gone} when the stream was taken back.
  [[nodiscard]] virtual std::size_t read(MutableByteSpan into) = 0;
  /// nullopt: not a run of a file.
  [[nodiscard]] virtual std::optional<FileRange> file_range() const { return std::nullopt; }
};

}  // namespace lshost
