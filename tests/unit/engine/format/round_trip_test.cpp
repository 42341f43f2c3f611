#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "engine/format/info_frame.hpp"
#include "support/process.hpp"
#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

namespace {

constexpr std::size_t kBlock = 65536;  // of LZ4, of age, and of what is read at once

/// What a program makes of its standard input.
Bytes output_of(const std::vector<std::string>& command, const Bytes& input) {
  const auto done = run({.command = command, .input = {reinterpret_cast<const char*>(input.data()), input.size()}});
  INFO(done.err);
  REQUIRE(done.status.code == 0);
  return to_bytes(done.out);
}

}  // namespace

TEST_CASE("object: what was sealed is opened, at and around every border", "[engine][object]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  const auto is_encrypted = GENERATE(false, true);
  const auto identities = is_encrypted ? new_identities() : nullptr;
  SealOptions options{.compression = compression, .recipients = {}};
  if (identities) options.recipients.push_back(identities->front().recipient());

  for (const std::size_t middle : {std::size_t{0}, std::size_t{4152}, kBlock, 2 * kBlock, 5 * kBlock}) {
    for (const std::ptrdiff_t delta : {-150, -120, -17, -16, -1, 0, 1, 16, 17, 120, 150}) {
      if (static_cast<std::ptrdiff_t>(middle) + delta < 0) continue;
      const auto size = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(middle) + delta);
      CAPTURE(to_string(compression), is_encrypted, size);
      const auto raw = sample_bytes(size);
      const auto opening = opened(sealed(raw, options), {.compression = compression, .identities = identities});
      REQUIRE(opening.raw == raw);
      REQUIRE(opening.info.has_value());
      REQUIRE(opening.info->raw_size == size);
      REQUIRE(opening.info->commit_runs == wal_info(size).commit_runs);
    }
  }
}

TEST_CASE("object: pieces of any size, read and given, make no difference", "[engine][object]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  const auto raw = sample_bytes(3 * kBlock + 5);
  const auto object = sealed(raw, compression);
  for (const std::size_t piece : {1U, 2U, 3U, 4096U, 65535U, 65536U, 65537U, 1U << 20}) {
    CAPTURE(piece);
    const auto sealing = seal(std::make_unique<PieceStream>(raw, piece), {.compression = compression, .recipients = {}},
                              wal_info(raw.size()));
    const auto again = read_all(*sealing, piece);
    REQUIRE(opened(again, compression).raw == raw);
    const auto opening =
        open_object(std::make_unique<PieceStream>(object, piece), {.compression = compression, .identities = {}});
    REQUIRE(read_all(*opening, piece) == raw);
    CHECK(opening->info()->raw_checksum == sealing->info().raw_checksum);
  }
}

// Goal: who has all raw bytes has verified ones, even if he never asks for the end.
// Method: damage only the info, which comes last; read exactly the raw size.
TEST_CASE("object: the last raw byte is given out only when all is verified", "[engine][object][torn]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  const auto raw = sample_bytes(1000);
  auto object = sealed(raw, compression);
  object[object.size() - 60] ^= std::byte{1};
  const auto piece = GENERATE(1U, 7U, 999U, 1000U, 5000U);
  const auto opening =
      open_object(std::make_unique<PieceStream>(object), {.compression = compression, .identities = {}});
  Bytes into(piece);
  std::size_t size = 0;
  const auto read_on = [&] { size += opening->read(into); };
  CHECK_THROWS_AS(
      [&] {
        while (size < raw.size()) read_on();
      }(),
      Error);
  CHECK(size < raw.size());
  CHECK_THROWS_AS(opening->read(into), Error);  // and it stays so
}

TEST_CASE("object: the info behind the data is found without the data", "[engine][object]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  const auto raw = sample_bytes(2 * kBlock);
  const auto object = sealed(raw, compression);
  const auto tail = info_from_tail(ByteSpan(object).last(kInfoTailSize));
  REQUIRE(tail.info.has_value());
  CHECK(tail.info == opened(object, compression).info);
}

TEST_CASE("object: a sealed one needs as many raw bytes as were announced", "[engine][object]") {
  auto info = wal_info(1000);
  SECTION("fewer") { info.end_offset = info.commit_runs.back().end_offset = info.offset + 1001; }
  SECTION("more") { info.end_offset = info.commit_runs.back().end_offset = info.offset + 999; }
  SECTION("a snapshot of part of a page") { info = snapshot_info(); }
  const auto sealing = seal(std::make_unique<PieceStream>(sample_bytes(1000)), {}, info);
  CHECK_THROWS_AS(read_all(*sealing), Error);
  Bytes into(100);
  CHECK_THROWS_AS(sealing->read(into), Error);  // and it stays so
}

TEST_CASE("object: an info that contradicts itself is not sealed", "[engine][object]") {
  auto info = wal_info(1000);
  info.page_size = 1;
  CHECK_THROWS_AS(seal(std::make_unique<PieceStream>(sample_bytes(1000)), {}, info), Error);
}

TEST_CASE("object: commit times without end are thinned out, not refused", "[engine][object]") {
  const auto raw = sample_bytes(100'000);
  auto info = wal_info(raw.size());
  info.commit_runs.clear();
  for (std::size_t i = 1; i <= raw.size(); ++i) info.commit_runs.push_back({info.offset + i, 5});
  const auto object = read_all(*seal(std::make_unique<PieceStream>(raw), {}, info));
  const auto opening = opened(object, Compression::lz4);
  CHECK(opening.raw == raw);
  CHECK(opening.info->commit_runs.size() <= kCommitRunsMax);
  CHECK(opening.info->commit_runs.back() == info.commit_runs.back());
}

TEST_CASE("object: a failure of the raw bytes or of the store passes through, and stays", "[engine][object]") {
  struct Failing final : ByteStream {
    std::size_t left;
    explicit Failing(std::size_t size) : left(size) {}
    std::size_t read(MutableByteSpan into) override {
      if (left == 0) throw Error(ErrorCode::gone, "taken back");
      const auto size = std::min(left, into.size());
      left -= size;
      return size;
    }
  };
  const auto recipient = new_identities()->front().recipient();
  const auto is_encrypted = GENERATE(false, true);
  SealOptions options;
  if (is_encrypted) options.recipients.push_back(recipient);
  const auto sealing = seal(std::make_unique<Failing>(100'000), options, wal_info(200'000));
  Bytes into(kBlock);
  for (int i = 0; i < 3; ++i)
    CHECK_THROWS_WITH(
        [&] {
          while (sealing->read(into) > 0) continue;
        }(),
        "taken back");
}

TEST_CASE("object: the head of an LZ4 object is one that Litestream reads", "[engine][object][golden]") {
  const auto object = sealed(sample_bytes(1000), Compression::lz4);
  // Version 1, independent blocks, checksum of the content, none a block, no size; blocks of 64 KiB.
  CHECK(to_hex(ByteSpan(object).first(7)) ==
        "04224d18"
        "64"
        "40"
        "a7");
}

// Goal: whoever has not got lshost can unpack an object.
// Method: the programs of the two libraries; what stands behind the data must not bother them.
TEST_CASE("object: lz4 and zstd unpack it and step over the info", "[engine][object]") {
  const auto size = GENERATE(0U, 1U, 4152U, 65536U, 300000U);
  const auto raw = sample_bytes(size);
  CHECK(output_of({"lz4", "-dc"}, sealed(raw, Compression::lz4)) == raw);
  CHECK(output_of({"zstd", "-dc"}, sealed(raw, Compression::zstd)) == raw);
}

TEST_CASE("object: what is not compressed is the raw bytes, and then the info", "[engine][object]") {
  const auto raw = sample_bytes(70'000);
  const auto object = sealed(raw, Compression::none);
  REQUIRE(object.size() > raw.size());
  CHECK(Bytes(object.begin(), object.begin() + 70'000) == raw);
}

TEST_CASE("object: LZ4 frames of other writers are read, and have no info", "[engine][object]") {
  const auto raw = sample_bytes(1'000'000);
  const auto option = GENERATE(as<std::string>{}, "-B4", "-B5", "-B7", "-BD", "-BX", "--content-size", "-9");
  CAPTURE(option);
  const auto opening = opened(output_of({"lz4", "-c", option}, raw), Compression::lz4);
  CHECK(opening.raw == raw);
  CHECK_FALSE(opening.info.has_value());
}

TEST_CASE("object: a frame that no checksum covers is refused", "[engine][object]") {
  const auto object = output_of({"lz4", "-c", "--no-frame-crc"}, sample_bytes(1000));
  CHECK_THAT(why_not_opened(object, {}), Catch::Contains("no checksum"));
}
