#include "base/random_id.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "base/hex.hpp"

using namespace lshost;

TEST_CASE("random_id: 16 hex digits, never the same twice, every bit used", "[base]") {
  std::set<std::string> seen;
  std::uint64_t ones = 0;
  std::uint64_t zeros = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = random_id();
    const auto value = from_hex16(id);
    REQUIRE(value.has_value());
    ones |= *value;
    zeros |= ~*value;
    seen.insert(id);
  }
  CHECK(seen.size() == 10'000);
  CHECK(ones == ~std::uint64_t{0});
  CHECK(zeros == ~std::uint64_t{0});
}
