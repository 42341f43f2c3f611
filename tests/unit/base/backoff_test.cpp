#include "base/backoff.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace lshost;
using namespace std::chrono_literals;

TEST_CASE("Backoff: doubles from the first delay to the cap, within half and whole", "[base]") {
  constexpr Backoff backoff{.first = 100ms, .cap = 30s};
  std::mt19937_64 random(1);
  auto whole = 100ms;
  for (std::uint32_t attempt = 0; attempt < 100; ++attempt) {
    for (int i = 0; i < 50; ++i) {
      const auto delay = backoff.delay(attempt, random());
      CAPTURE(attempt, delay.count());
      REQUIRE(delay >= whole / 2);
      REQUIRE(delay <= whole);
    }
    whole = std::min<std::chrono::milliseconds>(whole * 2, 30s);
  }
}

TEST_CASE("Backoff: both ends of the spread are reached", "[base]") {
  constexpr Backoff backoff{.first = 100ms, .cap = 30s};
  STATIC_REQUIRE(backoff.delay(0, 0) == 50ms);
  STATIC_REQUIRE(backoff.delay(0, 50) == 100ms);
  STATIC_REQUIRE(backoff.delay(0, 51) == 50ms);
}

TEST_CASE("Backoff: extreme attempts and settings do not overflow", "[base]") {
  CHECK(Backoff{.first = 24h, .cap = 24h}.delay(UINT32_MAX, UINT64_MAX) >= 12h);
  CHECK(Backoff{.first = 10s, .cap = 1s}.delay(0, 0) == 500ms);  // the cap holds from the start
  CHECK(Backoff{.first = 0ms, .cap = 1s}.delay(7, 123) == 0ms);
  CHECK(Backoff{.first = 1ms, .cap = 1ms}.delay(3, 1) == 1ms);
}
