// Goal: documents do not name files, presets or scripts that are not there.
// Method: collect what looks like a path of the repository from every Markdown file, and look.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <regex>

#include "tidy/source_tree.hpp"

using namespace lshost::test;

namespace {

// The targets of [text](target) that are neither addresses nor anchors of the same page.
std::vector<std::string> links_in(const std::string& line) {
  static const std::regex form(R"(\]\(([^)#\s]+)(#[^)]*)?\))");
  std::vector<std::string> links;
  for (std::sregex_iterator it(line.begin(), line.end(), form), end; it != end; ++it) {
    const auto target = (*it)[1].str();
    if (target.find("://") == std::string::npos && !target.starts_with("mailto:")) links.push_back(target);
  }
  return links;
}

// `host/db/feed.hpp`, `scripts/test --quick`, `docs/`: code spans that begin with a folder of the repository.
std::vector<std::string> paths_in(const std::string& line) {
  static const std::regex form(
      R"(`((host|sdk|plugins|tests|bench|docs|cmake|scripts|examples|changes|\.ci)/[^`\s]*)[^`]*`)");
  std::vector<std::string> paths;
  for (std::sregex_iterator it(line.begin(), line.end(), form), end; it != end; ++it) {
    auto path = (*it)[1].str();
    const bool is_pattern = path.find_first_of("*<>{}%$") != std::string::npos || path.find("...") != std::string::npos;
    if (!is_pattern) paths.push_back(path);
  }
  return paths;
}

std::string beside(const std::string& document, const std::string& link) {
  return (std::filesystem::path(document).parent_path() / link).lexically_normal().generic_string();
}

}  // namespace

TEST_CASE("tidy: every link of a document leads to a file", "[tidy]") {
  std::size_t seen = 0;
  for (const auto& file : source_files("", {".md"})) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const auto& link : links_in(file.lines[i])) {
        ++seen;
        INFO(place(file, i));
        CHECK(exists_in_source_tree(beside(file.path, link)));
      }
    }
  }
  CHECK(seen > 5);
}

TEST_CASE("tidy: every path that a document quotes exists", "[tidy]") {
  std::size_t seen = 0;
  for (const auto& file : source_files("", {".md"})) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const auto& path : paths_in(file.lines[i])) {
        ++seen;
        INFO(place(file, i));
        CHECK(exists_in_source_tree(path));
      }
    }
  }
  CHECK(seen > 5);
}

TEST_CASE("tidy: a document names no line numbers of code", "[tidy]") {
  static const std::regex form(R"(\.(cpp|hpp|h|c):[0-9]+)");
  for (const auto& file : source_files("docs", {".md"})) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      INFO(place(file, i));
      CHECK_FALSE(std::regex_search(file.lines[i], form));
    }
  }
}
