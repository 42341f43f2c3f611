// Goal: a file with every mistake gets every one of them said, in one go and in file order.
// Method: compare with the text in every_mistake.expected, which a person has read.

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "unit/config/mistakes.hpp"

namespace {

std::string read(const std::string& name) {
  std::ifstream in(std::string(LSHOST_TEST_SOURCE_DIR) + "/tests/unit/config/" + name, std::ios::binary);
  REQUIRE(in);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("config: a file with every mistake gets every one of them said", "[config][every]") {
  CHECK(lshost::test::mistakes_in(read("every_mistake.toml")) == read("every_mistake.expected"));
}
