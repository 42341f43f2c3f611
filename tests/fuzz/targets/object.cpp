// Objects of a store: compressed, perhaps encrypted, with an info behind the data.
//
// Input: flags, then either an object as it may lie in a store, or (flag 8) raw bytes that are sealed, damaged and
// opened. Flags: 1 and 2: the compression; 4: encrypted; 16: damaged by a cut; the damage stands in the next 3 bytes.
// Holds: opening takes no more memory than seal.hpp says, whatever the object claims to be; what was opened is what was
// sealed; damage is found, or changes nothing.

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "engine/format/age/header.hpp"
#include "engine/format/info_frame.hpp"
#include "engine/format/open_object.hpp"
#include "engine/format/raw_digest.hpp"
#include "engine/format/seal.hpp"
#include "fuzz/keys.hpp"
#include "fuzz/memory_stream.hpp"
#include "fuzz/target.hpp"
#include "support/object_info.hpp"

namespace lshost::fuzz {
namespace {

using namespace engine;

constexpr unsigned kEncrypted = 4;
constexpr unsigned kMadeHere = 8;
constexpr unsigned kCut = 16;
/// A bomb has no end; this is enough to see what it costs.
constexpr std::uint64_t kRawSizeMax = std::uint64_t{4} << 20;

struct Kind {
  Compression compression = Compression::lz4;
  bool is_encrypted = false;

  [[nodiscard]] OpenOptions open_options() const {
    return {.compression = compression, .identities = is_encrypted ? fuzz_identities() : nullptr};
  }
  [[nodiscard]] SealOptions seal_options() const {
    SealOptions options{.compression = compression, .recipients = {}};
    if (is_encrypted) options.recipients.push_back(fuzz_identities()->front().recipient());
    return options;
  }
};

Kind kind_of(unsigned flags) {
  constexpr std::array kCompressions{Compression::lz4, Compression::zstd, Compression::none, Compression::lz4};
  return {kCompressions.at(flags & 3U), (flags & kEncrypted) != 0};
}

void open_hostile(ByteSpan object, const Kind& kind) {
  Bytes piece(65536);
  std::uint64_t size = 0;
  RawDigest digest;
  const MemoryPeak peak;
  try {
    const auto opening = open_object(stream_of(object), kind.open_options());
    while (const auto got = opening->read(piece)) {
      size += got;
      digest.add(ByteSpan(piece).first(got));
      if (size > kRawSizeMax) break;
    }
    if (size <= kRawSizeMax) {
      const auto& info = opening->info();
      expect(info || kind.compression != Compression::none, "plain bytes are good by their info alone");
      if (info) {
        expect(contradiction_in(*info).empty(), "an info that is given out does not contradict itself");
        expect(info->raw_size == size && info->raw_checksum == digest.checksum(),
               "the raw bytes are those of the info");
      }
    }
  } catch (const Error& error) {
    expect(*error.what() != '\0', "an error has a sentence");
  }
  expect(peak.bytes() <= kSealMemoryMax + object.size(), "an object takes no more memory than is promised");
}

struct Opening {
  Bytes raw;
  std::optional<ObjectInfo> info;
};

Opening open_whole(ByteSpan object, const Kind& kind, std::size_t piece_size) {
  const auto stream = open_object(std::make_unique<MemoryStream>(copy_of(object), piece_size), kind.open_options());
  Opening opening;
  read_all(*stream, opening.raw, piece_size);
  opening.info = stream->info();
  return opening;
}

void seal_and_open(Input in, const Kind& kind, bool is_cut) {
  const std::size_t at = in.number();
  const std::byte change{in.byte()};
  const ByteSpan raw = in.rest();
  // Without compression such bytes would be taken for an encrypted object; no database, and no log, begins with them.
  if (text_of(raw).starts_with(age::kIntro)) return;
  const auto sealed = seal(stream_of(raw), kind.seal_options(), test::segment_info(raw.size(), /*page_size=*/512));
  Bytes object;
  read_all(*sealed, object);
  const auto opened = open_whole(object, kind, /*piece_size=*/at + 1);
  expect(std::ranges::equal(opened.raw, raw), "what was sealed is what is opened");
  expect(opened.info == sealed->info(), "so is its info");

  if (is_cut) {
    object.resize(at % object.size());
  } else if (change != std::byte{0}) {
    object[at % object.size()] ^= change;
  } else {
    return;
  }
  try {
    const auto damaged = open_whole(object, kind, /*piece_size=*/4096);
    expect(damaged.raw == opened.raw, "damage that is not found changes nothing");
    expect(!damaged.info || damaged.info == opened.info, "an info is the right one or none");
    expect(damaged.info || is_cut, "no damage but a cut takes the info away");
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::denied ||
               error.code() == ErrorCode::unsupported,
           "damage is an object that can not be read");
  }
}

}  // namespace

void fuzz_object(ByteSpan input) {
  Input in(input);
  const unsigned flags = in.byte();
  const auto kind = kind_of(flags);
  if ((flags & kMadeHere) != 0) {
    seal_and_open(in, kind, (flags & kCut) != 0);
  } else {
    open_hostile(in.rest(), kind);
  }
}

}  // namespace lshost::fuzz
