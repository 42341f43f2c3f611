// Goal: no damage to an object, whatever it is, gives other raw bytes than were stored.
// Method: a small object of each kind, cut at every byte and with every bit turned over.

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

namespace {

struct Case {
  Compression compression;
  bool is_encrypted;
};

const std::vector<Case> kCases = {{Compression::lz4, false}, {Compression::zstd, false}, {Compression::none, false},
                                  {Compression::lz4, true},  {Compression::zstd, true},  {Compression::none, true}};

struct Stored {
  Bytes raw;
  Bytes object;
  OpenOptions options;
};

Stored store(const Case& what, std::size_t size) {
  Stored stored{
      .raw = sample_bytes(size), .object = {}, .options = {.compression = what.compression, .identities = {}}};
  SealOptions options{.compression = what.compression, .recipients = {}};
  if (what.is_encrypted) {
    stored.options.identities = new_identities();
    options.recipients.push_back(stored.options.identities->front().recipient());
  }
  stored.object = sealed(stored.raw, options);
  return stored;
}

}  // namespace

TEST_CASE("object: a cut at any byte is reported", "[engine][object][torn]") {
  const auto what = GENERATE(from_range(kCases));
  const auto stored = store(what, GENERATE(0U, 300U));
  std::size_t opened_without_info = 0;
  for (std::size_t size = 0; size < stored.object.size(); ++size) {
    CAPTURE(to_string(what.compression), what.is_encrypted, size);
    const Bytes cut(stored.object.begin(), stored.object.begin() + static_cast<std::ptrdiff_t>(size));
    const auto why = why_not_opened(cut, stored.options);
    if (why.empty()) {
      // Exactly the info is missing: this is what Litestream writes, and its data is whole.
      REQUIRE(opened(cut, stored.options).raw == stored.raw);
      ++opened_without_info;
    } else {
      REQUIRE_THAT(why, Catch::StartsWith("corrupt: "));
    }
  }
  CHECK(opened_without_info == (what.is_encrypted || what.compression == Compression::none ? 0 : 1));
}

TEST_CASE("object: a bit that turned over is reported, or changes nothing", "[engine][object][torn]") {
  const auto what = GENERATE(from_range(kCases));
  const auto stored = store(what, 300);
  std::size_t harmless = 0;
  for (std::size_t bit = 0; bit < stored.object.size() * 8; ++bit) {
    CAPTURE(to_string(what.compression), what.is_encrypted, bit);
    auto damaged = stored.object;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const auto why = why_not_opened(damaged, stored.options);
    if (!why.empty()) continue;
    ++harmless;
    REQUIRE(opened(damaged, stored.options).raw == stored.raw);
    REQUIRE(opened(damaged, stored.options).info.has_value());
  }
  // zstd has bits in its header that say nothing; and a match may be copied from another place with the same bytes.
  const bool has_second_forms = what.compression != Compression::none && !what.is_encrypted;
  CHECK(harmless <= (has_second_forms ? 8 : 0));
}

TEST_CASE("object: bytes behind the end are reported", "[engine][object][torn]") {
  const auto what = GENERATE(from_range(kCases));
  const auto stored = store(what, 300);
  for (const std::size_t size : {1U, 24U, 1000U, 65536U, 200'000U}) {
    CAPTURE(to_string(what.compression), what.is_encrypted, size);
    auto longer = stored.object;
    longer.resize(longer.size() + size);
    CHECK_THAT(why_not_opened(longer, stored.options), Catch::StartsWith("corrupt: "));
  }
  auto twice = stored.object;
  twice.insert(twice.end(), stored.object.begin(), stored.object.end());
  // Without compression, the second copy's data is part of the first one's: found by its checksum.
  CHECK_THAT(why_not_opened(twice, stored.options), Catch::StartsWith("corrupt: "));
}

TEST_CASE("object: of two frames not only the first is read in silence", "[engine][object][torn]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd);
  const auto first = sealed(sample_bytes(300), compression);
  const Bytes frame(first.begin(), first.end() - 120 - 16);  // without its info, which has one commit run
  REQUIRE(why_not_opened(frame, {.compression = compression, .identities = {}}).empty());
  auto both = frame;
  both.insert(both.end(), first.begin(), first.end());
  CHECK_THAT(why_not_opened(both, {.compression = compression, .identities = {}}), Catch::StartsWith("corrupt: "));
}

TEST_CASE("object: something else is refused, whatever it is", "[engine][object]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  const OpenOptions options{.compression = compression, .identities = {}};
  CHECK(why_not_opened({}, options) == "corrupt: the object is empty");
  for (const std::size_t size : {1U, 3U, 4U, 5U, 100U, 200'000U}) {
    CAPTURE(to_string(compression), size);
    CHECK_THAT(why_not_opened(sample_bytes(size), options), Catch::StartsWith("corrupt: "));
    CHECK_THAT(why_not_opened(Bytes(size), options), Catch::StartsWith("corrupt: "));
  }
  const auto other = compression == Compression::lz4 ? Compression::zstd : Compression::lz4;
  CHECK_THAT(why_not_opened(sealed(sample_bytes(300), other), options), Catch::StartsWith("corrupt: "));
  // A skippable frame alone, or before the data, is nothing that anybody writes.
  const auto skippable = from_hex("502a4d18 04000000 00000000");
  CHECK_THAT(why_not_opened(skippable, options), Catch::StartsWith("corrupt: "));
}

TEST_CASE("object: the key that is missing, wrong or in vain has its own sentence", "[engine][object][age]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  const auto identities = new_identities();
  const auto raw = sample_bytes(300);
  const auto encrypted =
      sealed(raw, SealOptions{.compression = compression, .recipients = {identities->front().recipient()}});
  CHECK_THAT(why_not_opened(encrypted, {.compression = compression, .identities = {}}),
             Catch::StartsWith("denied: ") && Catch::Contains("there is no key") && Catch::Contains("hint: "));
  CHECK_THAT(why_not_opened(encrypted, {.compression = compression, .identities = new_identities(3)}),
             Catch::StartsWith("denied: ") && Catch::Contains("none of the 3 identities") && Catch::Contains("hint: "));
  CHECK_THAT(why_not_opened(sealed(raw, compression), {.compression = compression, .identities = identities}),
             Catch::StartsWith("denied: ") && Catch::Contains("not encrypted") && Catch::Contains("hint: "));
}

// Method: frames of no data, which differ only in the window that they want the reader to keep.
TEST_CASE("object: a zstd frame that wants more memory than any of ours is refused", "[engine][object][security]") {
  const OpenOptions options{.compression = Compression::zstd, .identities = {}};
  const auto with_window = [](const char* descriptor) {
    return from_hex(std::string("28b52ffd 04 ") + descriptor + " 010000 99e9d851");
  };
  CHECK(why_not_opened(with_window("68"), options).empty());  // 8 MiB
  for (const char* descriptor : {"70", "88", "f8"}) {         // 16 MiB, 128 MiB, 2 TiB
    CAPTURE(descriptor);
    CHECK_THAT(why_not_opened(with_window(descriptor), options),
               Catch::StartsWith("corrupt: the zstd data is damaged"));
  }
}
