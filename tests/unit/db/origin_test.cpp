#include "db/origin.hpp"

#include <catch2/catch.hpp>

using namespace lshost::db;

TEST_CASE("origin: what is written is read again", "[db][origin]") {
  Origin origin("0123456789abcdef", {UINT64_MAX, INT64_MIN});
  origin.add_bridge({"0123456789abcdef", 1, 32});
  (void)origin.confirm("a");
  const auto read = Origin::parse(origin.encode());
  REQUIRE(read);
  CHECK(read->encode() == origin.encode());
  CHECK(read->file() == origin.file());
  CHECK(read->is_confirmed("a"));
}

// Found by the fuzz target bridge_files.
TEST_CASE("origin: a number that is none is refused, and not made one", "[db][origin]") {
  const std::string good =
      R"({"generation":"g","inode":5,"born_ns":7,"bridges":[{"index":1,"offset":32}],"passed":{"a":1}})";
  REQUIRE(Origin::parse(good));
  for (const std::string number : {"5", "7", "1", "32"}) {
    for (const auto* wrong : {"1e300", "1.5", "true", "null", "\"1\""}) {
      std::string text = good;
      text.replace(text.find(":" + number) + 1, number.size(), wrong);
      CAPTURE(text);
      CHECK_FALSE(Origin::parse(text));
    }
  }
}
