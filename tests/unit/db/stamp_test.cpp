#include "db/stamp.hpp"

#include <catch2/catch.hpp>

using namespace lshost;
using namespace lshost::db;
using namespace std::chrono_literals;

namespace {

constexpr UnixNanos kTime = 1'767'225'600'123'456'789;

Stamp some_stamp() {
  return {{"0123456789abcdef", 7, 4152}, {2049, 131, 8192, kTime, kTime + 5}, "3a0d1c58-6b7e-4a55-9f5e-0d9f6c1b2a33"};
}

}  // namespace

TEST_CASE("stamp: what is written is read again", "[db][stamp]") {
  CHECK(parse_stamp(encode_stamp(some_stamp())) == some_stamp());
}

TEST_CASE("stamp: without the boot that it was made in, it is no stamp", "[db][stamp]") {
  for (const auto* boot : {"", " "}) {
    Stamp stamp = some_stamp();
    stamp.boot = boot;
    CHECK_FALSE(parse_stamp(encode_stamp(stamp)));
  }
}

TEST_CASE("stamp: cut or changed anywhere, it is no stamp", "[db][stamp]") {
  const std::string text = encode_stamp(some_stamp());
  for (std::size_t at = 0; at < text.size(); ++at) {
    CAPTURE(at);
    CHECK_FALSE(parse_stamp(text.substr(0, at)));
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(parse_stamp(changed));
  }
}

TEST_CASE("stamp: a file is settled once its times tell every later change", "[db][stamp]") {
  FileState file = some_stamp().file;
  CHECK(settles_in(file, kTime + 5) == 50ms);
  CHECK(settles_in(file, kTime + 5 + 20'000'000) == 30ms);
  CHECK(settles_in(file, kTime + 5 + 50'000'000) == 0ns);
  CHECK(settles_in(file, kTime + 3'600'000'000'000) == 0ns);
  CHECK(settles_in(file, kTime - 1'000'000'000) > 1s);  // the clock was set back
  file.modified_ns = file.changed_ns = 1'767'225'600'000'000'000;
  CHECK_FALSE(settles_in(file, kTime));  // whole seconds: anything may have happened in that one
  file.changed_ns += 1;
  CHECK(settles_in(file, kTime) == 0ns);
}
