// Goal: documents do not name files, presets or scripts that are not there, and show code as it is.
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

// The code behind "<!-- the same as PATH -->" and a fence, up to the fence's end; `i` is the comment's line.
std::vector<std::string> shown_behind(const SourceFile& document, std::size_t i) {
  std::vector<std::string> code;
  for (i += 2; i < document.lines.size() && document.lines[i] != "```"; ++i) code.push_back(document.lines[i]);
  return code;
}

// The second parameter of every LSHOST_FN(result, name, ...): the functions of a header's tables.
std::vector<std::string> functions_in(const SourceFile& header) {
  static const std::regex form(R"(LSHOST_FN\([^,]+, (\w+), )");
  std::vector<std::string> names;
  for (const auto& line : header.lines) {
    std::smatch match;
    if (std::regex_search(line, match, form) && line.find("#define") == std::string::npos) names.push_back(match[1]);
  }
  return names;
}

}  // namespace

TEST_CASE("tidy: code that a document says to be a file's is that file, line by line", "[tidy]") {
  static const std::regex form(R"(^<!-- the same as (\S+) -->$)");
  std::size_t seen = 0;
  for (const auto& file : source_files("docs", {".md"})) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_match(file.lines[i], match, form)) continue;
      ++seen;
      INFO(place(file, i));
      const auto path = match[1].str();
      const auto originals = source_files(path.substr(0, path.rfind('/')), {path.substr(path.rfind('/') + 1)});
      REQUIRE(originals.size() == 1);
      CHECK(shown_behind(file, i) == originals.front().lines);
    }
  }
  CHECK(seen >= 2);
}

TEST_CASE("tidy: the plugin guide has every function and every result of the C ABI", "[tidy]") {
  std::string guide;
  for (const auto& file : source_files("docs", {"PLUGIN_GUIDE.md"})) {
    for (const auto& line : file.lines) guide += line + "\n";
  }
  static const std::regex result(R"(^  (LSHOST_\w+) = -?[0-9]+,?( |$))");
  std::size_t functions = 0;
  std::size_t results = 0;
  for (const auto& header : source_files("sdk/include/lshost", {".h"})) {
    INFO(header.path);
    for (const auto& name : functions_in(header)) {
      ++functions;
      INFO(name);
      CHECK(guide.find("`" + name + "`") != std::string::npos);
    }
    if (!header.path.ends_with("/abi.h")) continue;
    for (const auto& line : header.lines) {
      std::smatch match;
      if (!std::regex_search(line, match, result)) continue;
      ++results;
      INFO(line);
      CHECK(guide.find("`" + match[1].str() + "`") != std::string::npos);
    }
  }
  CHECK(functions > 40);
  CHECK(results > 15);
}

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
