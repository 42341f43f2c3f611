#pragma once
// Compressing and its undoing as streams over a stream; one file a compression. Knows nothing of what is behind the
// data.
//
// An encoder makes exactly one frame with a checksum of the content. A decoder reads exactly one. Both borrow the
// stream below them. Threads: one at a time.

#include <memory>

#include "base/byte_stream.hpp"
#include "engine/format/compression.hpp"

namespace lshost::engine {

/// The data of an object, raw again. read() returns 0 once the frame was whole and its own checksum right.
/// Errors, from read(): what the stream below throws; Error{corrupt} with a sentence.
class Decoder : public ByteStream {
 public:
  /// What was read of the stream below and is behind the frame; there may be more in it. REQUIRES: read() returned 0.
  [[nodiscard]] virtual ByteSpan behind() const = 0;
  /// True: the frame has a checksum of the content. REQUIRES: as above.
  [[nodiscard]] virtual bool has_checksum() const = 0;
};

[[nodiscard]] std::unique_ptr<ByteStream> make_encoder(Compression compression, ByteStream& raw);
[[nodiscard]] std::unique_ptr<Decoder> make_decoder(Compression compression, ByteStream& object);

// The parts of these, each in its file.
[[nodiscard]] std::unique_ptr<ByteStream> make_lz4_encoder(ByteStream& raw);
[[nodiscard]] std::unique_ptr<Decoder> make_lz4_decoder(ByteStream& object);
[[nodiscard]] std::unique_ptr<ByteStream> make_zstd_encoder(ByteStream& raw);
[[nodiscard]] std::unique_ptr<Decoder> make_zstd_decoder(ByteStream& object);
[[nodiscard]] std::unique_ptr<Decoder> make_plain_decoder(ByteStream& object);

}  // namespace lshost::engine
