#include "engine/format/age/file_end.hpp"

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "engine/format/age/file_stream.hpp"
#include "engine/format/info_frame.hpp"
#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

namespace {

constexpr std::size_t kChunk = 65536;

Bytes encrypted(const Bytes& plain, const age::Recipient& recipient, std::size_t recipient_count = 1) {
  return read_all(
      *age::encrypt(std::make_unique<PieceStream>(plain), std::vector<age::Recipient>(recipient_count, recipient)));
}

ByteSpan start_of(const Bytes& file, std::size_t size = age::kFileStartSize) {
  return ByteSpan(file).first(std::min(file.size(), size));
}

/// The last `size` bytes or more.
Bytes end_of(const Bytes& file, const age::Identities& identities, std::size_t size) {
  auto end = age::FileEnd::from_start(start_of(file), file.size(), identities).value();
  return end.open(ByteSpan(file).subspan(end.offset_of_last(size)));
}

}  // namespace

TEST_CASE("age file end: the last bytes are had without the others", "[engine][age]") {
  const auto identities = new_identities();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk - 7, 3 * kChunk, 3 * kChunk + 100}) {
    const auto plain = sample_bytes(size);
    const auto file = encrypted(plain, identities->front().recipient());
    for (const std::size_t wanted :
         {std::size_t{0}, std::size_t{1}, std::size_t{101}, std::size_t{4096}, kChunk, 2 * kChunk, 10 * kChunk}) {
      CAPTURE(size, wanted);
      const auto end = end_of(file, *identities, wanted);
      REQUIRE(end.size() >= std::min(size, wanted));
      REQUIRE(end.size() <= wanted + 2 * kChunk);
      REQUIRE(std::equal(end.rbegin(), end.rend(), plain.rbegin()));
    }
  }
}

TEST_CASE("age file end: the info of an encrypted object is found from its two ends", "[engine][age][info]") {
  const auto identities = new_identities();
  const auto size = GENERATE(100U, 65400U, 65536U, 300'000U);
  const SealOptions options{.compression = GENERATE(Compression::lz4, Compression::none),
                            .recipients = {identities->front().recipient()}};
  const auto object = sealed(sample_bytes(size), options);
  const auto tail = info_from_tail(end_of(object, *identities, kInfoTailSize));
  REQUIRE(tail.info.has_value());
  CHECK(tail.info == opened(object, {.compression = options.compression, .identities = identities}).info);
}

TEST_CASE("age file end: a header that is longer than what was read is told", "[engine][age]") {
  const auto identities = new_identities();
  const auto plain = sample_bytes(1000);
  const auto file = encrypted(plain, identities->front().recipient(), 50);
  REQUIRE(file.size() > 5000);
  CHECK_FALSE(age::FileEnd::from_start(start_of(file), file.size(), *identities).has_value());
  auto end = age::FileEnd::from_start(start_of(file, age::kFileStartSizeMax), file.size(), *identities);
  REQUIRE(end.has_value());
  CHECK(end->open(ByteSpan(file).subspan(end->offset_of_last(1000))) == plain);
}

TEST_CASE("age file end: damage, a cut and a wrong key are found", "[engine][age][torn]") {
  const auto identities = new_identities();
  const auto file = encrypted(sample_bytes(2 * kChunk + 50), identities->front().recipient());
  const auto why = [&](const Bytes& bytes, const age::Identities& keys) -> std::string {
    try {
      (void)end_of(bytes, keys, 1000);
      return {};
    } catch (const Error& error) {
      return std::string(to_string(error.code()));
    }
  };
  REQUIRE(why(file, *identities).empty());
  auto damaged = file;
  damaged[file.size() - 3] ^= std::byte{1};
  CHECK(why(damaged, *identities) == "corrupt");
  for (const std::size_t cut : {1U, 16U, 50U, 65U, 66U, 67U, 65536U, 100'000U}) {
    CAPTURE(cut);
    CHECK(why(Bytes(file.begin(), file.end() - static_cast<std::ptrdiff_t>(cut)), *identities) == "corrupt");
  }
  for (std::size_t size = 0; size < 300; ++size) {
    CAPTURE(size);
    CHECK(why(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)), *identities) == "corrupt");
  }
  CHECK(why(file, *new_identities()) == "denied");
  auto end = age::FileEnd::from_start(start_of(file), file.size(), *identities).value();
  CHECK_THROWS_AS(end.open(ByteSpan(file).last(100)), Error);
  CHECK_THROWS_AS(end.open({}), Error);
  CHECK_THROWS_AS(end.open(file), Error);
}
