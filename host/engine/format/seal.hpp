#pragma once
// Raw SQLite bytes in, the bytes of an object out.

#include <memory>
#include <vector>

#include "base/byte_stream.hpp"
#include "engine/format/age/keys.hpp"
#include "engine/format/compression.hpp"
#include "engine/format/object_info.hpp"

namespace lshost::engine {

struct SealOptions {
  Compression compression = Compression::lz4;
  std::vector<age::Recipient> recipients;  ///< none: not encrypted
};

/// The bytes of an object, made while they are read.
///
/// Ownership: owns the raw stream. Threads: one at a time. Cost: as kSealMemoryMax says, whatever the size is; less for
/// small objects. Errors, from read(): what the raw stream throws; Error{corrupt} if the raw bytes are not as many as
/// the info promised. What was read until then must not be published.
class SealedObject : public ByteStream {
 public:
  /// What was stored behind the data, counted and computed. REQUIRES: read() has returned 0.
  [[nodiscard]] virtual const ObjectInfo& info() const = 0;
};

/// No object takes more memory than this while it is sealed or opened.
inline constexpr std::size_t kSealMemoryMax = std::size_t{16} * 1024 * 1024;

/// `info` says what is known beforehand; raw_size and raw_checksum are found on the way, and too many commit runs
/// thinned. wal: the raw bytes must be as many as between offset and end_offset.
/// Throws Error{internal} if the info contradicts itself.
[[nodiscard]] std::unique_ptr<SealedObject> seal(std::unique_ptr<ByteStream> raw, const SealOptions& options,
                                                 ObjectInfo info);

}  // namespace lshost::engine
