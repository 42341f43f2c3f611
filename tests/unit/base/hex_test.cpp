#include "base/hex.hpp"

#include <catch2/catch.hpp>

using namespace lshost;

TEST_CASE("hex16: prints fixed width and reads back only that form", "[base]") {
  CHECK(to_hex16(0) == "0000000000000000");
  CHECK(to_hex16(0x1'0000'0000) == "0000000100000000");
  CHECK(to_hex16(~std::uint64_t{0}) == "ffffffffffffffff");
  CHECK(from_hex16("00000000deadbeef") == 0xdeadbeef);
  for (const auto* wrong : {"", "0", "00000000DEADBEEF", "00000000deadbeef0", "0x000000deadbeef", "00000000deadbee "}) {
    CAPTURE(wrong);
    CHECK_FALSE(from_hex16(wrong).has_value());
  }
}
