// Goal: what `lshost plugin new` writes is a whole project under the right name, or nothing.
// Method: the templates that are in the program, written to a disk whose operations fail one after the other.

#include "scaffold/project.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "support/fault_fs.hpp"

using namespace lshost;
using namespace lshost::scaffold;
using Catch::Contains;
using test::FaultFs;

namespace {

std::string written(const FaultFs& fs, std::string_view path) {
  const auto* bytes = fs.find(std::string(path));
  REQUIRE(bytes != nullptr);
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("scaffold: there is a template for each layer in each language", "[scaffold]") {
  CHECK(templates().size() == 6);
  for (const auto* layer : {"replicator", "blob"}) {
    for (const auto* language : {"c++", "c", "rust"}) {
      INFO(layer << " " << language);
      const auto& one = find_template(templates(), layer, language);
      const auto has = [&](std::string_view path) {
        return std::any_of(one.files.begin(), one.files.end(), [&](const auto& file) { return file.path == path; });
      };
      CHECK(has("README.md"));
      CHECK(has("test.sh"));
      CHECK(has(".gitignore"));
      CHECK(has(command_of(one) == "make check" ? "Makefile" : "CMakePresets.json"));
    }
  }
}

TEST_CASE("scaffold: the templates in the program are the examples of the tree, byte for byte", "[scaffold]") {
  const std::filesystem::path examples = LSHOST_TEST_SOURCE_DIR "/examples/plugins";
  std::size_t compared = 0;
  for (const auto& one : templates()) {
    const std::string language(one.language == "c++" ? "cpp" : one.language);
    const auto common = examples / "common";
    const std::vector<std::filesystem::path> folders = {examples / (std::string(one.layer) + "-" + language),
                                                        common / language, common / "cmake", common / "any"};
    for (const auto& file : one.files) {
      INFO(one.layer << " " << language << " " << file.path);
      const auto folder =
          std::ranges::find_if(folders, [&](const auto& path) { return std::filesystem::exists(path / file.path); });
      REQUIRE(folder != folders.end());
      const auto source = *folder / file.path;
      CHECK(std::string(file.text) == content_of(source));
      const auto mode = std::filesystem::status(source).permissions();
      CHECK(file.is_executable == ((mode & std::filesystem::perms::owner_exec) != std::filesystem::perms::none));
      ++compared;
    }
  }
  CHECK(compared > 40);
}

TEST_CASE("scaffold: a combination that is not there is answered with those that are", "[scaffold]") {
  const Template only[] = {{"blob", "c++", {}}, {"replicator", "rust", {}}};
  CHECK(find_template(only, "replicator", "rust").language == "rust");
  try {
    (void)find_template(only, "blob", "rust");
    FAIL("there is none");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::invalid);
    CHECK_THAT(e.what(), Contains("no blob in rust") && Contains("blob in c++, replicator in rust"));
  }
}

TEST_CASE("scaffold: a name is what can be a type, a file name and part of a target", "[scaffold]") {
  for (const std::string good : {"a", "nas", "my-nas-2", "a23456789012345678901234"}) CHECK_NOTHROW(check_name(good));
  for (const std::string bad :
       {"", "Nas", "my_nas", "3par", "-nas", "nas-", "a b", "../nas", "n\xC3\xA4s", "a234567890123456789012345"}) {
    INFO(bad);
    CHECK_THROWS_AS(check_name(bad), Error);
  }
}

TEST_CASE("scaffold: the name replaces the example's everywhere, and nothing else changes", "[scaffold]") {
  CHECK(render("", "nas") == "");
  CHECK(render("no name", "nas") == "no name");
  CHECK(render("shelf", "nas") == "nas");
  CHECK(render("lshost-shelf.so shelfshelf.", "my-nas") == "lshost-my-nas.so my-nasmy-nas.");
  CHECK(render("shelf shel", "shelfshelf") == "shelfshelf shel");
}

TEST_CASE("scaffold: a project is written under its name, with nothing of the example's left", "[scaffold]") {
  for (const auto& one : templates()) {
    FaultFs fs;
    write_project(fs, one, "nas", "/r/lshost-nas");
    for (const auto& file : one.files) {
      INFO(file.path);
      const std::string text = written(fs, "/r/lshost-nas/" + std::string(file.path));
      CHECK(text == render(file.text, "nas"));
      CHECK_THAT(text, !Contains("shelf"));
    }
  }
}

TEST_CASE("scaffold: what is there already stays as it is", "[scaffold]") {
  const std::byte byte{7};
  FaultFs fs;
  fs.put("/r/lshost-nas/plugin.cpp", {&byte, 1});
  CHECK_THROWS_AS(write_project(fs, templates().front(), "nas", "/r/lshost-nas"), Error);
  CHECK(written(fs, "/r/lshost-nas/plugin.cpp") == "\x07");
  CHECK(fs.list("test", "/r/lshost-nas")->size() == 1);
}

TEST_CASE("scaffold: a write that fails leaves nothing behind", "[scaffold]") {
  const auto& one = find_template(templates(), "blob", "rust");  // has a folder inside
  for (std::uint64_t nth = 1;; ++nth) {
    CAPTURE(nth);
    FaultFs fs;
    fs.fail_nth(nth);
    bool is_done = true;
    try {
      write_project(fs, one, "nas", "/r/lshost-nas");
    } catch (const Error&) {
      is_done = false;
    }
    const bool fired = fs.fired();
    CHECK(is_done == !fired);
    for (const auto& file : one.files) {
      CHECK((fs.find("/r/lshost-nas/" + std::string(file.path)) != nullptr) == is_done);
    }
    if (!fired) break;
    write_project(fs, one, "nas", "/r/lshost-nas");  // not even the folder is in the way
  }
}
