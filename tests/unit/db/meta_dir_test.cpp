// Goal: nobody but root and we ourselves decide what a host believes to have captured, and where it writes that.

#include "db/meta_dir.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/error.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using lshost::test::TempDir;

namespace {

std::string refusal_of(const std::string& path) {
  try {
    db::prepare(os::posix_fs(), db::MetaDir(path));
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::denied);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("metadata directory: is made for its owner alone, and taken as it is if it still is so", "[db][security]") {
  const TempDir folder;
  const std::string path = folder / ".app.db-lshost";
  const mode_t before = ::umask(0);
  CHECK(refusal_of(path).empty());
  (void)::umask(before);
  CHECK(os::posix_fs().stat("test", path)->mode == 0700);
  CHECK(refusal_of(path).empty());
}

TEST_CASE("metadata directory: a link, another user's, or one that others can write to is refused", "[db][security]") {
  const TempDir folder;
  const std::string path = folder / ".app.db-lshost";
  SECTION("a link to a good one") {
    std::filesystem::create_directory(folder / "elsewhere");
    std::filesystem::create_directory_symlink(folder / "elsewhere", path);
    CHECK(refusal_of(path) ==
          "attach " + path + ": refused: it is a symbolic link; hint: set meta-path to the folder that is meant");
    CHECK(std::filesystem::is_empty(folder / "elsewhere"));
  }
  SECTION("writable by a group or by all") {
    const auto mode = GENERATE(0770U, 0707U, 01777U);
    std::filesystem::create_directory(path);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(refusal_of(path) == "attach " + path + ": refused: it is writable by others; hint: chmod go-w " + path);
  }
  SECTION("another user's") {
    if (::geteuid() != 0) {
      WARN("skipped: only root can give a folder away");
      return;
    }
    std::filesystem::create_directory(path);
    REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    CHECK_THAT(refusal_of(path), Catch::Contains("belongs to another user, of number 65534; hint: move it away"));
  }
}
