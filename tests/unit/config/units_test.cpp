#include <catch2/catch.hpp>
#include <limits>

#include "config/config.hpp"

using namespace lshost::config;
using namespace std::chrono_literals;

TEST_CASE("parse_duration: what people write", "[config][units]") {
  CHECK(parse_duration("0") == 0ns);
  CHECK(parse_duration("0s") == 0ns);
  CHECK(parse_duration("1ns") == 1ns);
  CHECK(parse_duration("1us") == 1us);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("1s") == 1s);
  CHECK(parse_duration("90m") == 90min);
  CHECK(parse_duration("24h") == 24h);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("1d2h3m4s5ms6us7ns") == 26h + 3min + 4s + 5ms + 6us + 7ns);
  CHECK(parse_duration("007s") == 7s);
  CHECK(parse_duration("1m500ms") == 1min + 500ms);
}

TEST_CASE("parse_duration: anything else is refused, not guessed", "[config][units]") {
  const auto* text = GENERATE("", " ", "5", "00", "s", "-1s", "+1s", "1.5h", "1,5h", "1 h", " 1h", "1h ", "1h 30m",
                              "1H", "1S", "1sec", "1min", "1hour", "1w", "1y", "1m1h", "1s1s", "1ms1s", "1h30", "h1",
                              "1e3s", "0x10s", "1\xC2\xB5s", "infinite", "1s\n");
  CAPTURE(text);
  CHECK(parse_duration(text) == std::nullopt);
}

TEST_CASE("parse_duration: the largest is 2^63-1 ns, and nothing overflows", "[config][units]") {
  CHECK(parse_duration("9223372036854775807ns") == std::chrono::nanoseconds::max());
  CHECK(parse_duration("9223372036s854ms775us807ns") == std::chrono::nanoseconds::max());
  CHECK(parse_duration("9223372036854775808ns") == std::nullopt);
  CHECK(parse_duration("9223372036s854ms775us808ns") == std::nullopt);
  CHECK(parse_duration("106751d") == 106751 * 24h);
  CHECK(parse_duration("106752d") == std::nullopt);
  CHECK(parse_duration("99999999999999999999999999h") == std::nullopt);
  CHECK(parse_duration(std::string(100'000, '9') + "h") == std::nullopt);
}

TEST_CASE("parse_size: what people write", "[config][units]") {
  CHECK(parse_size("0") == 0U);
  CHECK(parse_size("1024") == 1024U);
  CHECK(parse_size("1B") == 1U);
  CHECK(parse_size("512KiB") == 512U << 10U);
  CHECK(parse_size("64MiB") == 64U << 20U);
  CHECK(parse_size("4GiB") == std::uint64_t{4} << 30U);
  CHECK(parse_size("2TiB") == std::uint64_t{2} << 40U);
  CHECK(parse_size("3KB") == 3'000U);
  CHECK(parse_size("64MB") == 64'000'000U);
  CHECK(parse_size("4GB") == 4'000'000'000U);
  CHECK(parse_size("5TB") == 5'000'000'000'000U);
}

TEST_CASE("parse_size: anything else is refused, not guessed", "[config][units]") {
  const auto* text = GENERATE("", " ", "B", "MiB", "-1", "+1", "1.5GiB", "4 GiB", " 4GiB", "4GiB ", "4gib", "4Gib",
                              "4G", "4g", "4k", "1kb", "4PiB", "1GiB512MiB", "0x10", "1e6", "1_000", "1,000");
  CAPTURE(text);
  CHECK(parse_size(text) == std::nullopt);
}

TEST_CASE("parse_size: the largest is 2^64-1 bytes, and nothing overflows", "[config][units]") {
  CHECK(parse_size("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  CHECK(parse_size("18446744073709551616") == std::nullopt);
  CHECK(parse_size("16777215TiB") == std::uint64_t{16777215} << 40U);
  CHECK(parse_size("16777216TiB") == std::nullopt);
  CHECK(parse_size("18446744073709552KB") == std::nullopt);
  CHECK(parse_size(std::string(100'000, '9') + "KiB") == std::nullopt);
}
