#include "db/line_checksum.hpp"

#include <catch2/catch.hpp>

using namespace lshost::db;

TEST_CASE("line checksum: the bytes are what earlier versions wrote", "[db][line_checksum]") {
  CHECK(with_checksum("lshost-live1 1 2 -3") == "lshost-live1 1 2 -3 4a3091de6bc544aa\n");
  CHECK(with_checksum("") == " 2d06800538d394c2\n");  // XXH3-64 of nothing, as its specification has it
}

TEST_CASE("line checksum: what was written is read again", "[db][line_checksum]") {
  for (const std::string line : {"", " ", "word", "two words", "ends with a space "}) {
    CAPTURE(line);
    const std::string text = with_checksum(line);
    CHECK(strip_checksum(text) == line);
  }
}

// Goal: a part, or something else, never passes for the whole.
// Method: cut behind each byte, change each byte by each bit.
TEST_CASE("line checksum: cut or changed anywhere, it is none", "[db][line_checksum]") {
  const std::string text = with_checksum("some words and 12345");
  for (std::size_t at = 0; at < text.size(); ++at) {
    CAPTURE(at);
    CHECK_FALSE(strip_checksum(text.substr(0, at)));
    CHECK_FALSE(strip_checksum(text.substr(at + 1)));
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      CHECK_FALSE(strip_checksum(changed));
    }
  }
  CHECK_FALSE(strip_checksum(text + "\n"));
  CHECK_FALSE(strip_checksum(text + text));
}

TEST_CASE("line checksum: what has no line or no checksum is none", "[db][line_checksum]") {
  for (const std::string text : {"", " ", "\n", " \n", "word\n", "word \n", "2d06800538d394c2\n"}) {
    CAPTURE(text);
    CHECK_FALSE(strip_checksum(text));
  }
}
