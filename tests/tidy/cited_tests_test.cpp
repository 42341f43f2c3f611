// Goal: a claim of a document that names its test has that test.
// Method: the titles behind "- test: " in documents against the TEST_CASEs of the tree.

#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "tidy/source_tree.hpp"

using namespace lshost::test;

namespace {

/// The titles of all test cases; a title may be cut into several literals.
std::set<std::string> test_titles() {
  static const std::regex form(R"re(TEST_CASE\(\s*((?:"(?:[^"\\\n]|\\.)*"\s*)+))re");
  static const std::regex literal(R"re("((?:[^"\\\n]|\\.)*)")re");
  std::set<std::string> titles;
  for (const auto& file : source_files("tests", {"_test.cpp"})) {
    std::string text;
    for (const auto& line : file.lines) text += line + "\n";
    for (std::sregex_iterator found(text.begin(), text.end(), form), end; found != end; ++found) {
      const std::string literals = (*found)[1];
      std::string title;
      for (std::sregex_iterator part(literals.begin(), literals.end(), literal); part != end; ++part)
        title += (*part)[1];
      titles.insert(title);
    }
  }
  return titles;
}

}  // namespace

TEST_CASE("tidy: every test that a document of promises names is there, and every claim names one", "[tidy][security]") {
  const auto name = GENERATE(as<std::string>{}, "SECURITY.md", "RELIABILITY.md");
  static const std::regex form(R"(^  - test: `(.+)`$)");
  const auto titles = test_titles();
  REQUIRE(titles.size() > 500);
  const auto documents = source_files("docs", {name});
  REQUIRE(documents.size() == 1);
  const auto& document = documents.front();
  std::size_t cited = 0;
  bool is_claimed = false;  // a claim is open that has no test yet
  bool is_in_claims = false;
  for (std::size_t i = 0; i < document.lines.size(); ++i) {
    const auto& line = document.lines[i];
    INFO(place(document, i));
    std::smatch match;
    if (std::regex_match(line, match, form)) {
      ++cited;
      is_claimed = false;
      CHECK(titles.contains(match[1].str()));
      continue;
    }
    CHECK(line.find("test:") == std::string::npos);  // a citation in another form would not be looked at
    const bool is_heading = line.starts_with("## ");
    if (is_heading || line.starts_with("* ")) CHECK_FALSE(is_claimed);
    if (is_heading) is_in_claims = line != "## What is not protected" && line != "## Hardening" && line != "## What is not covered";
    if (line.starts_with("* ")) is_claimed = is_in_claims;
  }
  CHECK_FALSE(is_claimed);
  CHECK(cited > 30);
}
