#include "snapshot_info.hpp"

#include <catch2/catch.hpp>

#include "xxh3.hpp"

using namespace lshost::file;

namespace {
const SnapshotInfo kInfo{
    "0123456789abcdef", 42, 4152, 4096, ~std::uint64_t{0}, std::numeric_limits<std::int64_t>::min(), 0xdead'beef};
}  // namespace

TEST_CASE("snapshot info: what was written is read", "[file][info]") {
  CHECK(parse_snapshot_info(encode(kInfo)) == kInfo);
}

TEST_CASE("snapshot info: cut at any byte, or with any bit changed, it is refused", "[file][info][torn]") {
  const std::string whole = encode(kInfo);
  for (std::size_t size = 0; size < whole.size(); ++size) REQUIRE_FALSE(parse_snapshot_info(whole.substr(0, size)));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    CAPTURE(bit);
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE_FALSE(parse_snapshot_info(damaged));
  }
  CHECK_FALSE(parse_snapshot_info(whole + "\n"));
  CHECK_FALSE(parse_snapshot_info(whole + whole));
}

TEST_CASE("snapshot info: a newer format is refused, not guessed", "[file][info]") {
  std::string text = encode(kInfo);
  text = text.substr(0, text.rfind("check "));
  text.replace(0, text.find('\n'), "lshost snapshot 2");
  char check[17];
  (void)std::snprintf(check, sizeof check, "%016llx", static_cast<unsigned long long>(xxh3(text)));
  CHECK_FALSE(parse_snapshot_info(text + "check " + check + "\n"));
}

TEST_CASE("xxh3: in parts it is the same as in one piece, and as the library says", "[file]") {
  CHECK(xxh3(std::string_view()) == 0x2d06800538d394c2);  // from the specification of XXH3
  std::vector<std::byte> bytes(100'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31);
  Xxh3Stream stream;
  for (std::size_t at = 0; at < bytes.size(); at += 999) {
    stream.update(std::span(bytes).subspan(at, std::min<std::size_t>(999, bytes.size() - at)));
  }
  CHECK(stream.value() == xxh3(bytes));
}
