// Goal: paths mean what they mean to the kernel, and one database is found out under all of its names.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "config/config.hpp"
#include "config/paths.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using namespace lshost::config;
namespace fs = std::filesystem;

namespace {

void touch(const std::string& path) { std::ofstream(path) << "x"; }

constexpr auto kReplica = "[[database.replica]]\ntype = 'file'\n";

Loaded load_two(const test::TempDir& dir, const std::string& first, const std::string& second) {
  const auto text =
      fmt::format("[[database]]\npath = '{}'\n{}[[database]]\npath = '{}'\n{}", first, kReplica, second, kReplica);
  return load_text(text, "replicas.toml", dir.path());
}

void check_same(const test::TempDir& dir, const std::string& first, const std::string& second) {
  const auto loaded = load_two(dir, first, second);
  INFO(format_mistakes(loaded));
  REQUIRE(loaded.mistakes.size() == 1);
  CHECK(loaded.mistakes[0].location == Location{6, 8});
  CHECK_THAT(loaded.mistakes[0].message, Catch::StartsWith("the same database stands in line 2"));
}

void check_different(const test::TempDir& dir, const std::string& first, const std::string& second) {
  const auto loaded = load_two(dir, first, second);
  INFO(format_mistakes(loaded));
  CHECK(loaded.mistakes.empty());
}

std::string message_of_load(const std::string& file) {
  try {
    (void)load(file);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::invalid);
    return e.what();
  }
  return "(loaded)";
}

}  // namespace

TEST_CASE("resolve_path: relative to the folder of the file, and tidy", "[config][paths]") {
  CHECK(resolve_path("/etc/lshost", "/a.db") == "/a.db");
  CHECK(resolve_path("/etc/lshost", "a.db") == "/etc/lshost/a.db");
  CHECK(resolve_path("/etc/lshost", "./x//a.db") == "/etc/lshost/x/a.db");
  CHECK(resolve_path("/etc/lshost", "../a.db") == "/etc/a.db");
  CHECK(resolve_path("/etc/lshost", "../../../../a.db") == "/a.db");
  CHECK(resolve_path("/no-such", "x/../y/../a.db") == "/no-such/a.db");
  CHECK(resolve_path("/etc", "//a.db") == "/a.db");
  CHECK(resolve_path("/etc", "x/") == "/etc/x/");
  CHECK(resolve_path("/", "a") == "/a");
}

TEST_CASE("resolve_path: .. behind a symbolic link is the parent of its target", "[config][paths]") {
  const test::TempDir dir;
  fs::create_directories(dir / "real/deep");
  fs::create_directory_symlink(dir / "real/deep", dir / "link");
  const auto root = fs::canonical(dir.path()).string();
  CHECK(resolve_path(dir.path(), "link/../a.db") == root + "/real/a.db");
  CHECK(resolve_path(dir.path(), "link/a.db") == dir / "link/a.db");
}

TEST_CASE("config: one database under two names is found out", "[config][paths]") {
  const test::TempDir dir;
  fs::create_directory(dir / "sub");
  touch(dir / "a.db");
  SECTION("the same path") { check_same(dir, "a.db", "a.db"); }
  SECTION("absolute and relative") { check_same(dir, dir / "a.db", "sub/../a.db"); }
  SECTION("a symbolic link") {
    fs::create_symlink("a.db", dir / "link.db");
    check_same(dir, "a.db", "link.db");
  }
  SECTION("a hard link") {
    fs::create_hard_link(dir / "a.db", dir / "hard.db");
    check_same(dir, "a.db", "hard.db");
  }
  SECTION("a folder that is a symbolic link") {
    fs::create_directory_symlink(dir.path(), dir / "sub/back");
    check_same(dir, "a.db", "sub/back/a.db");
  }
  SECTION("not there yet") { check_same(dir, "later.db", "sub/../later.db"); }
  SECTION("not there yet, below a symbolic link") {
    fs::create_directory_symlink("sub", dir / "link");
    check_same(dir, "sub/later.db", "link/later.db");
  }
  SECTION("not there yet, itself a symbolic link") {
    fs::create_symlink("sub/later.db", dir / "link.db");
    fs::create_symlink("link.db", dir / "link2.db");
    check_same(dir, "sub/later.db", "link2.db");
  }
}

TEST_CASE("config: different databases are left alone", "[config][paths]") {
  const test::TempDir dir;
  fs::create_directory(dir / "sub");
  touch(dir / "a.db");
  touch(dir / "sub/a.db");
  check_different(dir, "a.db", "sub/a.db");
  check_different(dir, "a.db", "later.db");
  check_different(dir, "later.db", "LATER.db");
}

TEST_CASE("config: links in a circle end", "[config][paths]") {
  const test::TempDir dir;
  fs::create_symlink("b.db", dir / "a.db");
  fs::create_symlink("a.db", dir / "b.db");
  check_different(dir, "a.db", "other.db");
  check_same(dir, "a.db", "./a.db");
}

TEST_CASE("config: a folder is no database, a file is no meta-path", "[config][paths]") {
  const test::TempDir dir;
  fs::create_directory(dir / "sub");
  touch(dir / "file");
  const auto loaded = load_text(fmt::format("[[database]]\npath = 'sub'\nmeta-path = 'file'\n{}", kReplica),
                                "replicas.toml", dir.path());
  REQUIRE(loaded.mistakes.size() == 2);
  CHECK(loaded.mistakes[0].message == "path: expected a database file, found a folder");
  CHECK(loaded.mistakes[1].message == "meta-path: expected a folder, found a file");
}

TEST_CASE("load: a file that can not be read is refused with a sentence", "[config][load]") {
  const test::TempDir dir;
  const auto prefix = "configuration " + dir.path();
  CHECK(message_of_load(dir / "no-such.toml") == prefix + "/no-such.toml: No such file or directory");
  CHECK(message_of_load("") == "configuration : No such file or directory");
  CHECK(message_of_load(dir.path()) == prefix + ": is a directory; name the file in it");
  touch(dir / "file");
  CHECK(message_of_load(dir / "file/x") == prefix + "/file/x: Not a directory");
  fs::create_symlink("loop", dir / "loop");
  CHECK(message_of_load(dir / "loop") == prefix + "/loop: Too many levels of symbolic links");
  if (::geteuid() != 0) {  // root reads everything
    fs::permissions(dir / "file", fs::perms::none);
    CHECK(message_of_load(dir / "file") == prefix + "/file: Permission denied");
  }
}

TEST_CASE("load: 16 MiB are read, a byte more is not", "[config][load]") {
  const test::TempDir dir;
  const auto write = [&](std::size_t size) { std::ofstream(dir / "big.toml") << '#' << std::string(size - 1, 'x'); };
  write(std::size_t{16} << 20);
  CHECK(message_of_load(dir / "big.toml") == "(loaded)");
  write((std::size_t{16} << 20) + 1);
  CHECK_THAT(message_of_load(dir / "big.toml"),
             Catch::EndsWith("is larger than 16 MiB; is it a configuration at all?"));
}

TEST_CASE("load: a pipe is read to its end", "[config][load]") {
  const test::TempDir dir;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const std::string text = fmt::format("[[database]]\npath = '/a.db'\n{}", kReplica);
  REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  CHECK(load(fmt::format("/dev/fd/{}", ends[0])).config.databases.size() == 1);
  ::close(ends[0]);
}
