#pragma once
// Objects in memory: streams of bytes, sealed and opened in one call.

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/byte_stream.hpp"
#include "engine/format/open_object.hpp"
#include "engine/format/seal.hpp"
#include "support/app_database.hpp"

namespace lshost::test {

/// Gives `bytes` in pieces of `piece_size_max`.
class PieceStream final : public ByteStream {
 public:
  explicit PieceStream(Bytes bytes, std::size_t piece_size_max = SIZE_MAX)
      : bytes_(std::move(bytes)), piece_size_max_(piece_size_max) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override;

 private:
  Bytes bytes_;
  std::size_t piece_size_max_;
  std::size_t at_ = 0;
};

/// Gives `size` zeros, and takes no memory.
class ZeroStream final : public ByteStream {
 public:
  explicit ZeroStream(std::uint64_t size) : left_(size) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override;

 private:
  std::uint64_t left_;
};

/// To the end, by reads of `piece_size`.
[[nodiscard]] Bytes read_all(ByteStream& stream, std::size_t piece_size = 65536);

/// Bytes that compress as those of databases do: random ones and repeated ones.
[[nodiscard]] Bytes sample_bytes(std::size_t size, std::uint32_t seed = 1);

/// What is known of a segment of `size` bytes before it is sealed.
[[nodiscard]] engine::ObjectInfo wal_info(std::size_t size);
[[nodiscard]] engine::ObjectInfo snapshot_info();

/// The object of a segment that has `raw`.
[[nodiscard]] Bytes sealed(const Bytes& raw, const engine::SealOptions& options);
/// Seals with the compression alone.
[[nodiscard]] Bytes sealed(const Bytes& raw, engine::Compression compression);

struct Opening {
  Bytes raw;
  std::optional<engine::ObjectInfo> info;
};
[[nodiscard]] Opening opened(const Bytes& object, const engine::OpenOptions& options);
[[nodiscard]] Opening opened(const Bytes& object, engine::Compression compression);

/// The sentence of the Error that opening ends with, with its code in front: "corrupt: ..."; empty: it went well.
[[nodiscard]] std::string why_not_opened(const Bytes& object, const engine::OpenOptions& options);

/// A new identity, and the options that open what is sealed to it.
[[nodiscard]] std::shared_ptr<const engine::age::Identities> new_identities(std::size_t count = 1);

[[nodiscard]] Bytes to_bytes(std::string_view text);
[[nodiscard]] std::string to_hex(ByteSpan bytes);
[[nodiscard]] Bytes from_hex(std::string_view hex);  ///< blanks are skipped

[[nodiscard]] Bytes read_file(const std::string& path);

}  // namespace lshost::test
