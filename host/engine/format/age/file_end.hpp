#pragma once
// The last bytes of what an age file has, without reading the rest of the file.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/format/age/crypto.hpp"
#include "engine/format/age/keys.hpp"

namespace lshost::engine::age {

/// What to read of a file's start, to have the header of most. kFileStartSizeMax is enough for every one.
inline constexpr std::size_t kFileStartSize = 1024;
inline constexpr std::size_t kFileStartSizeMax = std::size_t{65} * 1024;

/// Example:
///     auto end = FileEnd::from_start(first_bytes, file_size, identities);
///     const auto plain = end->open(bytes_from(end->offset_of_last(4096)));   // 4096 bytes or more, or all there are
///     const auto tail = info_from_tail(plain);
///
/// Threads: one at a time. Cost: as many chunks of 64 KiB as are asked for, at least one.
class FileEnd {
 public:
  /// `first_bytes`: of the file, or all of it. nullopt: its header is longer than that.
  /// Throws Error{corrupt} if it is no age file, or shorter than one can be; {denied} if no identity fits.
  [[nodiscard]] static std::optional<FileEnd> from_start(ByteSpan first_bytes, std::uint64_t file_size,
                                                         const Identities& identities);

  /// Where in the file to begin to read, up to its end, for the last `size` bytes of what it has.
  [[nodiscard]] std::uint64_t offset_of_last(std::uint64_t size) const;

  /// Opens these bytes. Each is verified, and so is that it is the end of the file; not what is before.
  /// Throws Error{corrupt} if they are not as many as there should be, or damaged.
  [[nodiscard]] std::vector<std::byte> open(ByteSpan bytes_to_end);

 private:
  FileEnd(Aead aead, std::uint64_t payload_offset, std::uint64_t file_size)
      : aead_(std::move(aead)), payload_offset_(payload_offset), file_size_(file_size) {}
  [[nodiscard]] std::uint64_t chunk_count() const;

  Aead aead_;
  std::uint64_t payload_offset_;  // of the first chunk
  std::uint64_t file_size_;
};

}  // namespace lshost::engine::age
