// The skippable frame behind the data of an object, and the end of an object as it is looked at without its data.
//
// Input: flags (1: give the frame its marks, sizes and checksum), a frame.
// Holds: a frame that is taken contradicts nothing, and goes through the encoder and back; its tail tells the same.

#include "engine/format/info_frame.hpp"

#include <xxhash.h>

#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace engine;

/// docs/FORMAT.md, "What is behind the data".
void seal(MutableByteSpan frame) {
  constexpr std::size_t kFooterSize = 24;
  if (frame.size() < 16 + kFooterSize) return;
  constexpr std::string_view kMark = "lshost-o";
  store_be(frame.data(), byteswap(std::uint32_t{0x184D2A5C}));
  store_be(frame.data() + 4, byteswap(static_cast<std::uint32_t>(frame.size() - 8)));
  std::memcpy(frame.data() + 8, kMark.data(), kMark.size());
  std::byte* footer = frame.data() + frame.size() - kFooterSize;
  store_be(footer, static_cast<std::uint32_t>(frame.size()));
  store_be(footer + 8, std::uint64_t{XXH3_64bits(frame.data(), frame.size() - 16)});
  std::memcpy(footer + 16, kMark.data(), kMark.size());
}

template <class Decode>
auto unless_refused(Decode decode) -> std::optional<decltype(decode())> {
  try {
    return decode();
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::unsupported, "a frame is bad, or too new");
    return std::nullopt;
  }
}

void check_name(const ObjectInfo& info) {
  const ObjectName name{info.generation, info.kind, info.index, info.kind == ObjectKind::wal ? info.offset : 0,
                        Compression::lz4};
  expect(contradiction_between(info, name).empty(), "an info has a name that it can lie under");
  expect(parse_key(key_of(name)) == name, "which is read back from its key");
}

}  // namespace

void fuzz_info_frame(ByteSpan input) {
  Input in(input);
  const bool is_sealed = (in.byte() & 1U) != 0;
  Bytes frame = copy_of(in.rest());
  if (is_sealed) seal(frame);

  const auto info = unless_refused([&] { return decode_info_frame(frame); });
  const auto tail = unless_refused([&] { return info_from_tail(frame); });
  if (tail && tail->is_enough() && tail->info)
    expect(tail->frame_size <= frame.size(), "a frame that is told of lies in what was given");
  if (!info) return;
  expect(contradiction_in(*info).empty(), "an info that is given out does not contradict itself");
  if (frame.size() <= kInfoFrameSizeMax)
    expect(tail && tail->info == info && tail->frame_size == frame.size(), "the tail tells the same");
  check_name(*info);
  if (info->commit_runs.size() > kCommitRunsMax) return;  // a newer version may have more
  const auto again = encode_info_frame(*info);
  expect(decode_info_frame(again) == *info, "an info goes through its bytes");
  const auto fewer = thinned(info->commit_runs, 3);
  expect(fewer.size() <= 3 && fewer.empty() == info->commit_runs.empty(), "thinned runs are few, and some");
  if (!fewer.empty())
    expect(fewer.back().end_offset == info->commit_runs.back().end_offset, "thinned runs end where the others do");
}

}  // namespace lshost::fuzz
