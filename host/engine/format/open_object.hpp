#pragma once
// The bytes of an object in, raw SQLite bytes out.

#include <memory>
#include <optional>

#include "base/byte_stream.hpp"
#include "engine/format/age/keys.hpp"
#include "engine/format/compression.hpp"
#include "engine/format/object_info.hpp"

namespace lshost::engine {

struct OpenOptions {
  Compression compression = Compression::lz4;  ///< as the name says
  /// None or empty: a plain object is expected. With identities only an encrypted one is opened.
  std::shared_ptr<const age::Identities> identities;
};

/// The raw bytes of an object, verified while they are read.
///
/// The last raw byte is handed out only after everything was verified (checksums, size, the info, nothing behind), so
/// who has all of them has good ones; an early reader must be able to take its result back.
/// Ownership: owns the object's stream. Threads: one at a time. Errors, from read(): what the object's stream throws;
/// Error{corrupt} with a sentence; {denied} if no identity fits, the object is encrypted and there is no identity, or
/// it is not encrypted though it should be; {unsupported} for what only others can read. After an error every read
/// fails.
class OpenedObject : public ByteStream {
 public:
  /// nullopt: written by Litestream or another tool. For Compression::none there always is one.
  /// REQUIRES: read() has returned the last byte or 0.
  [[nodiscard]] virtual const std::optional<ObjectInfo>& info() const = 0;
};

/// Reads nothing yet.
[[nodiscard]] std::unique_ptr<OpenedObject> open_object(std::unique_ptr<ByteStream> object, const OpenOptions& options);

}  // namespace lshost::engine
