#include "replica/time_text.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace lshost;
using replica::parse_time;
using replica::time_text;

TEST_CASE("time_text: prints UTC to the millisecond", "[replica]") {
  CHECK(time_text(0) == "-");
  CHECK(time_text(1) == "1970-01-01T00:00:00.000Z");
  CHECK(time_text(1'767'323'045'678'999'999) == "2026-01-02T03:04:05.678Z");
  CHECK(time_text(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("parse_time: reads RFC 3339 with fractions and offsets", "[replica]") {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kTime = 1'767'323'045 * kSecond;
  CHECK(parse_time("2026-01-02T03:04:05Z") == kTime);
  CHECK(parse_time("2026-01-02t03:04:05z") == kTime);
  CHECK(parse_time("2026-01-02 03:04:05Z") == kTime);
  CHECK(parse_time("2026-01-02T03:04:05.5Z") == kTime + kSecond / 2);
  CHECK(parse_time("2026-01-02T03:04:05.123456789Z") == kTime + 123'456'789);
  CHECK(parse_time("2026-01-02T04:04:05+01:00") == kTime);
  CHECK(parse_time("2026-01-01T21:34:05-05:30") == kTime);
  CHECK(parse_time("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("parse_time: takes a time without an offset as local", "[replica]") {
  const char* old = std::getenv("TZ");
  const std::string before = old == nullptr ? "" : old;
  ::setenv("TZ", "UTC-3", 1);  // POSIX: three hours east of Greenwich
  CHECK(parse_time("2026-01-02 03:04:05") == parse_time("2026-01-02T03:04:05+03:00"));
  CHECK(parse_time("2026-01-02T03:04:05.25") == parse_time("2026-01-02T03:04:05.25+03:00"));
  old == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", before.c_str(), 1);
}

TEST_CASE("parse_time: refuses everything else", "[replica]") {
  for (const auto* wrong :
       {"", "now", "2026-01-02", "2026-01-02T03:04", "2026-13-02T03:04:05Z", "2026-02-29T03:04:05Z",
        "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.1234567890Z", "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05+01:00x",
        "2026-01-02T03:04:05Zx", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2261-12-31T23:59:60Z",
        "2261-12-31T23:59:59-00:01", "+026-01-02T03:04:05Z"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_time(wrong).has_value());
  }
}
