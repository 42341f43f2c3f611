#include "engine/format/info_frame.hpp"

#include <xxhash.h>

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

namespace {

ObjectInfo full_info() {
  auto info = wal_info(0x2000);
  info.raw_size = 0x2000;
  info.index_complete = true;
  for (std::size_t i = 0; i < info.raw_checksum.size(); ++i) info.raw_checksum[i] = static_cast<std::byte>(0xa0 + i);
  info.commit_runs = {{.end_offset = 0x2040, .commit_ns = 1'700'000'000'000'000'001},
                      {.end_offset = 0x3020, .commit_ns = 1'700'000'000'250'000'002}};
  return info;
}

// The same, byte by byte. It may never change: objects with it exist.
constexpr std::string_view kGolden =
    "5c2a4d18 90000000"                  // a skippable frame of LZ4 and zstd, 144 bytes follow
    "6c73686f73742d6f"                   // lshost-o
    "0001 0001 0060 02 01"               // version, readable from, size of the head, kind wal, index complete
    "5f3c9a1e77b20d48"                   // generation
    "000000000000002a"                   // index
    "0000000000001020 0000000000003020"  // offset, end offset
    "0000000000002000"                   // raw size
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"   // raw checksum
    "17979cfe3d85cd15"                   // created
    "00001000 00000002"                  // page size, commit runs
    "0000000000002040 17979cfe362a0001"  // all up to here was committed by then
    "0000000000003020 17979cfe4510b282"  //
    "00000098 00000000"                  // size of the frame, reserved
    "1b2d1dcd5578c406"                   // XXH3-64 of all before
    "6c73686f73742d6f";                  // lshost-o

// The first segment of an index, where the index before is known. The same holds for it.
constexpr std::string_view kGolden2 =
    "5c2a4d18 78000000"                  // 120 bytes follow
    "6c73686f73742d6f"                   // lshost-o
    "0002 0001 0068 02 00"               // version, readable from, size of the head, kind wal, no flags
    "5f3c9a1e77b20d48"                   // generation
    "000000000000002a"                   // index
    "0000000000000000 0000000000002000"  // offset, end offset
    "0000000000002000"                   // raw size
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"   // raw checksum
    "17979cfe3d85cd15"                   // created
    "00001000 00000000"                  // page size, no commit runs
    "00000000000061c8"                   // where the index before ends
    "00000080 00000000"                  // size of the frame, reserved
    "665191b7307f965a"                   // XXH3-64 of all before
    "6c73686f73742d6f";                  // lshost-o

ObjectInfo following_info() {
  auto info = full_info();
  info.index_complete = false;
  info.offset = 0;
  info.end_offset = 0x2000;
  info.commit_runs.clear();
  info.previous_end = 0x61c8;
  return info;
}

/// Makes the checksum right again after a change: what a newer version, or somebody hostile, would write.
Bytes with_checksum(Bytes frame) {
  const auto sum = XXH3_64bits(frame.data(), frame.size() - 16);
  store_be(frame.data() + frame.size() - 16, static_cast<std::uint64_t>(sum));
  return frame;
}

std::string refusal(const Bytes& frame) {
  try {
    (void)decode_info_frame(frame);
    return {};
  } catch (const Error& error) {
    return std::string(to_string(error.code()));
  }
}

template <class T>
Bytes changed(Bytes frame, std::size_t at, T value) {
  if constexpr (sizeof(T) == 1) {
    frame[at] = static_cast<std::byte>(value);
  } else {
    store_be(frame.data() + at, value);
  }
  return with_checksum(frame);
}

}  // namespace

TEST_CASE("info frame: its bytes are the ones of the document", "[engine][info][golden]") {
  const auto frame = encode_info_frame(full_info());
  CHECK(to_hex(frame) == to_hex(from_hex(kGolden)));
  CHECK(decode_info_frame(from_hex(kGolden)) == full_info());
  CHECK(to_hex(encode_info_frame(following_info())) == to_hex(from_hex(kGolden2)));
  CHECK(decode_info_frame(from_hex(kGolden2)) == following_info());
}

TEST_CASE("info frame: only the first segment of a later index follows one", "[engine][info]") {
  CHECK(contradiction_in(following_info()).empty());
  auto info = following_info();
  info.index = 0;
  CHECK_FALSE(contradiction_in(info).empty());
  info = full_info();
  info.previous_end = 1;
  CHECK_FALSE(contradiction_in(info).empty());
  info = snapshot_info();
  info.previous_end = 1;
  CHECK_FALSE(contradiction_in(info).empty());
  const auto frame = encode_info_frame(following_info());
  CHECK(refusal(changed(frame, 40, std::uint64_t{0x1020})) == "corrupt");  // offset
  CHECK(refusal(changed(frame, 20, std::uint16_t{96})) == "corrupt");      // a head without it
}

TEST_CASE("info frame: what goes in comes out", "[engine][info]") {
  CHECK(decode_info_frame(encode_info_frame(full_info())) == full_info());
  auto snapshot = snapshot_info();
  snapshot.raw_size = 17 * 4096;
  snapshot.created_ns = -1;
  CHECK(decode_info_frame(encode_info_frame(snapshot)) == snapshot);
  auto many = wal_info(kCommitRunsMax);
  many.raw_size = kCommitRunsMax;
  many.commit_runs.clear();
  for (std::size_t i = 1; i <= kCommitRunsMax; ++i) many.commit_runs.push_back({many.offset + i, 1});
  const auto frame = encode_info_frame(many);
  CHECK(frame.size() <= kInfoFrameSizeMax);
  CHECK(decode_info_frame(frame) == many);
}

TEST_CASE("info frame: a cut, a longer one, or any changed bit is found", "[engine][info][torn]") {
  const auto frame = encode_info_frame(full_info());
  for (std::size_t size = 0; size < frame.size(); ++size) {
    CAPTURE(size);
    REQUIRE(refusal(Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size))) == "corrupt");
  }
  auto longer = frame;
  longer.push_back(std::byte{0});
  CHECK(refusal(longer) == "corrupt");
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    CAPTURE(bit);
    auto damaged = frame;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    REQUIRE(refusal(damaged) == "corrupt");
  }
}

TEST_CASE("info frame: sizes and counts that lie are refused, with a right checksum too", "[engine][info]") {
  const auto frame = encode_info_frame(full_info());
  const auto end = frame.size();
  CHECK(refusal(with_checksum(frame)).empty());
  CHECK(refusal(changed(frame, 92, std::uint32_t{0xffffffff})) == "corrupt");  // count of runs
  CHECK(refusal(changed(frame, 92, std::uint32_t{1})) == "corrupt");
  CHECK(refusal(changed(frame, 92, std::uint32_t{3})) == "corrupt");
  CHECK(refusal(changed(frame, 20, std::uint16_t{0xffff})) == "corrupt");  // size of the head
  CHECK(refusal(changed(frame, 20, std::uint16_t{0})) == "corrupt");
  CHECK(refusal(changed(frame, 20, std::uint16_t{112})) == "corrupt");
  CHECK(refusal(changed(frame, end - 24, std::uint32_t{0})) == "corrupt");  // size of the frame
  CHECK(refusal(changed(frame, end - 24, std::uint32_t{0xffffffff})) == "corrupt");
  CHECK(refusal(changed(frame, 4, std::uint32_t{0xffffffff})) == "corrupt");
  CHECK(refusal(changed(frame, 16, std::uint16_t{0})) == "corrupt");  // there is no version 0
  CHECK(refusal(changed(frame, 22, std::uint8_t{3})) == "corrupt");   // kind
  CHECK(refusal(changed(frame, 88, std::uint32_t{0})) == "corrupt");  // page size
  CHECK(refusal(changed(frame, 88, std::uint32_t{4097})) == "corrupt");
  CHECK(refusal(changed(frame, 48, std::uint64_t{0x1000})) == "corrupt");   // the end is before the start
  CHECK(refusal(changed(frame, 56, std::uint64_t{0x1fff})) == "corrupt");   // raw size
  CHECK(refusal(changed(frame, 96, std::uint64_t{0x1020})) == "corrupt");   // a run without content
  CHECK(refusal(changed(frame, 96, std::uint64_t{0x3020})) == "corrupt");   // the first run ends with the second
  CHECK(refusal(changed(frame, 112, std::uint64_t{0x3021})) == "corrupt");  // behind the end
}

TEST_CASE("info frame: what a newer version adds is passed over", "[engine][info]") {
  auto frame = encode_info_frame(full_info());
  Bytes in_head(24, std::byte{0x77});
  std::fill_n(in_head.begin(), 8, std::byte{0});  // version 2's
  const Bytes behind_runs(40, std::byte{0x66});
  frame.insert(frame.begin() + 96, in_head.begin(), in_head.end());
  frame.insert(frame.end() - 24, behind_runs.begin(), behind_runs.end());
  frame[4] = static_cast<std::byte>(frame.size() - 8);
  store_be(frame.data() + 16, std::uint16_t{7});
  store_be(frame.data() + 20, std::uint16_t{96 + 24});
  store_be(frame.data() + frame.size() - 24, static_cast<std::uint32_t>(frame.size()));
  frame[23] |= std::byte{0xfe};
  CHECK(decode_info_frame(with_checksum(frame)) == full_info());
}

TEST_CASE("info frame: a newer version that must be understood is refused with a hint", "[engine][info]") {
  const auto frame = changed(encode_info_frame(full_info()), 18, std::uint16_t{3});
  CHECK(refusal(frame) == "unsupported");
  CHECK_THROWS_WITH(decode_info_frame(frame), Catch::Contains("hint: a newer lshost"));
}

TEST_CASE("info from a tail: the last bytes are enough, or say how many are", "[engine][info]") {
  const auto frame = encode_info_frame(full_info());
  auto object = sample_bytes(5000);
  object.insert(object.end(), frame.begin(), frame.end());
  const ByteSpan all = object;

  CHECK(info_from_tail(all).info == full_info());
  CHECK(info_from_tail(all).frame_size == frame.size());
  CHECK(info_from_tail(all.last(kInfoTailSize)).info == full_info());
  CHECK(info_from_tail(all.last(frame.size())).info == full_info());
  for (const std::size_t size : {std::size_t{24}, std::size_t{100}, frame.size() - 1}) {
    const auto tail = info_from_tail(all.last(size));
    CHECK_FALSE(tail.is_enough());
    CHECK(tail.frame_size == frame.size());
  }
  for (const auto& foreign : {Bytes{}, Bytes(23), sample_bytes(4096)}) {
    const auto tail = info_from_tail(foreign);
    CHECK(tail.is_enough());
    CHECK_FALSE(tail.info.has_value());
  }
}

TEST_CASE("info from a tail: a footer that lies is refused", "[engine][info]") {
  const auto size = GENERATE(0U, 8U, 119U, 64U * 1024 + 1, 0x80000000U, 0xffffffffU);
  auto frame = encode_info_frame(full_info());
  store_be(frame.data() + frame.size() - 24, size);
  CHECK_THROWS_AS(info_from_tail(frame), Error);
}
