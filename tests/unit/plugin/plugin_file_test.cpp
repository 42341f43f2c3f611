// Goal: nobody but root and we ourselves can make this program run code of theirs.
// Method: good plugins under every wrong owner, mode and kind of file.

#include "plugin/plugin_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "unit/plugin/test_plugins.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Contains;

namespace {

class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const std::string& value) : name_(name) {
    REQUIRE(::setenv(name, value.c_str(), 1) == 0);
  }
  ~EnvironmentVariable() { (void)::unsetenv(name_); }
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("plugin file: a trusted one is opened with its identity", "[plugin]") {
  TempDir folder;
  const auto file = plugin::open_plugin_file(copy_plugin(folder, "scripted", "scripted"));
  CHECK(file.identity.types == std::vector<std::string>{"scripted"});
  CHECK(file.identity.sdk == "c++20 1.0");
  CHECK(file.id == plugin::file_id(file.path));
}

TEST_CASE("plugin file: one that others may write to is refused", "[plugin]") {
  TempDir folder;
  const std::string path = copy_plugin(folder, "scripted", "scripted");
  const auto refused = [&](const std::string& sentence) {
    const Error error = error_of([&] { (void)plugin::open_plugin_file(path); });
    CHECK(error.code() == ErrorCode::denied);
    CHECK(error.what() == path + ": refused: " + sentence);
  };
  SECTION("by everybody") {
    REQUIRE(::chmod(path.c_str(), 0646) == 0);
    refused("the file is writable by others; hint: chmod go-w " + path);
  }
  SECTION("by a group") {
    REQUIRE(::chmod(path.c_str(), 0664) == 0);
    refused("the file is writable by its group; hint: chmod go-w " + path);
  }
  SECTION("its folder, by everybody") {
    REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);
    refused("the folder is writable by others; hint: chmod go-w " + folder.path());
  }
  SECTION("its folder, by a group") {
    REQUIRE(::chmod(folder.path().c_str(), 0770) == 0);
    refused("the folder is writable by its group; hint: chmod go-w " + folder.path());
  }
}

TEST_CASE("plugin file: every folder on the way has to be trusted, and on the way of links, too",
          "[plugin][security]") {
  TempDir top;
  const std::string outer = top / "outer";
  const std::string inner = outer + "/inner";
  std::filesystem::create_directories(inner);
  for (const auto& folder : {outer, inner}) REQUIRE(::chmod(folder.c_str(), 0755) == 0);
  TempDir staging;
  const std::string name = plugin_file_name("scripted");
  std::filesystem::copy_file(copy_plugin(staging, "scripted", "scripted"), inner + "/" + name);
  REQUIRE(::chmod((inner + "/" + name).c_str(), 0644) == 0);
  const auto refused = [&](const std::string& path, const std::string& sentence) {
    const Error error = error_of([&] { (void)plugin::open_plugin_file(path); });
    CHECK(error.code() == ErrorCode::denied);
    CHECK(error.what() == path + ": refused: " + sentence);
  };
  const std::string path = inner + "/" + name;
  REQUIRE_NOTHROW(plugin::open_plugin_file(path));

  SECTION("a folder above, writable by others: they can put another folder there") {
    REQUIRE(::chmod(outer.c_str(), 0757) == 0);
    refused(path, "the folder " + outer + " on the way to it is writable by others; hint: chmod go-w " + outer);
  }
  SECTION("writable by all, and sticky, as /tmp is: they can not") {
    REQUIRE(::chmod(outer.c_str(), 01777) == 0);
    CHECK_NOTHROW(plugin::open_plugin_file(path));
  }
  SECTION("a link whose target lies in such a folder") {
    std::filesystem::create_directory(top / "plugins");
    REQUIRE(::chmod((top / "plugins").c_str(), 0755) == 0);
    const std::string link = top / "plugins" + "/" + name;
    std::filesystem::create_symlink(path, link);
    REQUIRE_NOTHROW(plugin::open_plugin_file(link));
    REQUIRE(::chmod(outer.c_str(), 0757) == 0);
    refused(link, "the folder " + outer + " on the way to it is writable by others; hint: chmod go-w " + outer);
  }
  SECTION("a link that lies in such a folder, and leads to a good one") {
    const std::string loose = top / "loose";
    std::filesystem::create_directory(loose);
    std::filesystem::create_directory_symlink(inner, loose + "/link");
    REQUIRE(::chmod(loose.c_str(), 0777) == 0);
    refused(loose + "/link/" + name,
            "the folder " + loose + " on the way to it is writable by others; hint: chmod go-w " + loose);
  }
  SECTION("a folder above that is another user's") {
    if (::geteuid() != 0) {
      WARN("skipped: only root can give a folder away");
      return;
    }
    REQUIRE(::chown(outer.c_str(), 1, 1) == 0);
    refused(path,
            "the folder " + outer + " on the way to it belongs to daemon, not to root; hint: chown root " + outer);
  }
}

TEST_CASE("plugin file: one of another user is refused", "[plugin]") {
  if (::geteuid() != 0) return;  // only root can give a file away
  TempDir folder;
  const std::string path = copy_plugin(folder, "scripted", "scripted");
  SECTION("the file") { REQUIRE(::chown(path.c_str(), 1, 1) == 0); }
  SECTION("its folder") { REQUIRE(::chown(folder.path().c_str(), 1, 1) == 0); }
  const Error error = error_of([&] { (void)plugin::open_plugin_file(path); });
  CHECK(error.code() == ErrorCode::denied);
  CHECK_THAT(error.what(), Contains("belongs to daemon, not to root; hint: chown root "));
}

TEST_CASE("plugin file: what is no file is refused, and nobody waits for it", "[plugin]") {
  TempDir folder;
  const std::string path = folder / plugin_file_name("odd");
  SECTION("a pipe") { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }
  SECTION("a folder") { REQUIRE(::mkdir(path.c_str(), 0700) == 0); }
  CHECK_THROWS_WITH(plugin::open_plugin_file(path), path + ": refused: it is not a regular file");
}

TEST_CASE("plugin file: a link to nowhere is found and reported, not skipped", "[plugin]") {
  TempDir folder;
  const std::string path = folder / plugin_file_name("gone");
  std::filesystem::create_symlink("/nowhere/at/all", path);
  CHECK(plugin::find_plugin_file({folder.path()}, "gone") == path);
  CHECK(error_of([&] { (void)plugin::open_plugin_file(path); }).code() == ErrorCode::not_found);
}

TEST_CASE("plugin file: what is no library is refused with the reason", "[plugin]") {
  TempDir folder;
  const std::string path = folder / plugin_file_name("text");
  const auto refusal = [&](const std::string& bytes) {
    write_whole_file(path, bytes);
    return std::string(error_of([&] { (void)plugin::open_plugin_file(path); }).what());
  };
  CHECK(refusal("") == path + ": refused: the file is empty");
  CHECK(refusal("#!/bin/sh\necho hello\n") == path + ": refused: it is no shared library");
  CHECK_THAT(refusal(read_whole_file("/proc/self/exe").substr(0, 100)), Contains("refused:"));
}

TEST_CASE("plugin file: the first folder that has a type wins", "[plugin]") {
  TempDir first;
  TempDir second;
  copy_plugin(second, "scripted", "scripted");
  const std::vector<std::string> folders = {first / "missing", first.path(), second.path()};
  CHECK(plugin::find_plugin_file(folders, "scripted") == second / "lshost-scripted.so");
  copy_plugin(first, "scripted", "scripted");
  CHECK(plugin::find_plugin_file(folders, "scripted") == first / "lshost-scripted.so");
  CHECK(plugin::find_plugin_file(folders, "nothing") == std::nullopt);
}

TEST_CASE("plugin file: only what is named as a plugin is a candidate", "[plugin]") {
  TempDir folder;
  for (const auto* name :
       {"lshost-a.so", "lshost-.so", "lshost-B.so", "lshost-c.so.1", "liblshost-d.so", "lshost-e-1.so"}) {
    write_whole_file(folder / name, "x");
  }
  const auto all = plugin::find_candidates({folder.path(), folder / "missing"});
  REQUIRE(all.size() == 2);
  CHECK(all[0].type == "a");
  CHECK(all[1].type == "e-1");
}

TEST_CASE("plugin file: folders come from the configuration, the environment, and beside the program", "[plugin]") {
  const EnvironmentVariable variable("LSHOST_PLUGIN_PATH", "/from/environment::/and/another");
  const auto folders = plugin::search_path({"/from/config"});
  REQUIRE(folders.size() == 4);
  CHECK(folders[0] == "/from/config");
  CHECK(folders[1] == "/from/environment");
  CHECK(folders[2] == "/and/another");
  CHECK(folders[3] == std::filesystem::path(LSHOST_TEST_BINARY_DIR) / "lib/lshost/plugins");
}
