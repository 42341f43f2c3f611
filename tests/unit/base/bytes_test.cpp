#include "base/bytes.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace lshost;

TEST_CASE("bytes: big-endian loads and stores agree at any alignment", "[base]") {
  for (std::size_t shift = 0; shift < 8; ++shift) {
    CAPTURE(shift);
    std::array<std::byte, 16> buffer{};
    auto* at = buffer.data() + shift;

    store_be<std::uint64_t>(at, 0x0102030405060708);
    for (std::size_t i = 0; i < 8; ++i) CHECK(at[i] == std::byte(i + 1));
    CHECK(load_be<std::uint64_t>(at) == 0x0102030405060708);
    CHECK(load_be<std::uint32_t>(at) == 0x01020304);
    CHECK(load_be<std::uint16_t>(at) == 0x0102);

    store_be<std::uint32_t>(at, 0xfffefdfc);
    CHECK(load_be<std::uint32_t>(at) == 0xfffefdfc);
    store_be<std::uint16_t>(at, 0x8001);
    CHECK(at[0] == std::byte{0x80});
    CHECK(at[1] == std::byte{0x01});
  }
}

TEST_CASE("bytes: byteswap turns the order around, and back", "[base]") {
  STATIC_REQUIRE(byteswap<std::uint16_t>(0x0102) == 0x0201);
  STATIC_REQUIRE(byteswap<std::uint32_t>(0x01020304) == 0x04030201);
  STATIC_REQUIRE(byteswap<std::uint64_t>(byteswap<std::uint64_t>(0x0102030405060708)) == 0x0102030405060708);
}
