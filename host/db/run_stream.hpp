#pragma once
// A run of a shadow WAL file as a stream.

#include <cstdint>
#include <memory>
#include <optional>

#include "base/byte_stream.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// The bytes [begin, end) of a file, which may be removed while it is read: the descriptor keeps them. Errors:
/// Error{corrupt} if the file ends earlier.
class RunStream final : public ByteStream {
 public:
  RunStream(std::unique_ptr<os::ReadableFile> file, std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] std::size_t read(MutableByteSpan into) override;
  [[nodiscard]] std::optional<FileRange> file_range() const override;

 private:
  std::unique_ptr<os::ReadableFile> file_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace lshost::db
