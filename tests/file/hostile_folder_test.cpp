// A destination folder in which somebody else can write: links, pipes and crowds in it lead nobody astray.

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include <lshost/replicator.hpp>

#include "disk.hpp"
#include "support/app_database.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using lshost::file::Disk;
using lshost::test::file_bytes;
using lshost::test::TempDir;
using lshost::test::write_file;

namespace {

/// A folder of a replica, and beside it something precious that no operation may reach.
struct Scene {
  Scene() {
    std::filesystem::create_directories(root + "/generations");
    std::filesystem::create_directories(outside);
    write_file(precious, std::as_bytes(std::span("precious")));
  }
  [[nodiscard]] bool is_untouched() const {
    return file_bytes(precious).size() == 9 && std::distance(std::filesystem::directory_iterator(outside), {}) == 1;
  }

  TempDir directory;
  std::string root = directory / "replica";
  std::string outside = directory / "outside";
  std::string precious = outside + "/0000000000000000.wal";
  Disk disk{root};
};

template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const lshost::Error& e) {
    return e.what();
  }
  return "";
}

using Catch::Contains;

}  // namespace

TEST_CASE("file destination: a link in place of a folder is refused by every operation", "[file][security]") {
  Scene scene;
  const auto& disk = scene.disk;
  const std::string wal = scene.root + "/generations/g/wal";
  const bool is_deep = GENERATE(false, true);  // generations itself leads elsewhere, or only the last folder does
  if (is_deep) {
    std::filesystem::create_directories(scene.root + "/generations/g");
    std::filesystem::create_directory_symlink(scene.outside, wal);
  } else {
    std::filesystem::create_directories(scene.outside + "/../elsewhere/g");
    std::filesystem::create_directory_symlink(scene.outside, scene.outside + "/../elsewhere/g/wal");
    std::filesystem::remove(scene.root + "/generations");
    std::filesystem::create_directory_symlink("../elsewhere", scene.root + "/generations");
  }
  CAPTURE(is_deep);
  const std::string name = wal + "/0000000000000000.wal";
  const std::string link = is_deep ? wal : scene.root + "/generations";
  const auto refused = Contains(link + " is a symbolic link");
  CHECK_THAT(refusal([&] { (void)disk.create(name); }), refused);
  CHECK_THAT(refusal([&] { (void)disk.open_append(name); }), refused);
  CHECK_THAT(refusal([&] { (void)disk.open_read(name); }), refused);
  CHECK_THAT(refusal([&] { (void)disk.facts(name); }), refused);
  CHECK_THAT(refusal([&] { (void)disk.list(wal); }), refused);
  CHECK_THAT(refusal([&] { (void)disk.make_folders(wal); }), refused);
  CHECK_THAT(refusal([&] { (void)disk.make_folders(wal + "/new"); }), refused);
  CHECK_THAT(refusal([&] { disk.remove(name); }), refused);
  CHECK_THAT(refusal([&] { disk.rename(name, name + ".damaged"); }), refused);
  CHECK_THAT(refusal([&] { disk.remove_tree(wal + "/x"); }), refused);
  CHECK_THAT(refusal([&] { disk.sync_folder(wal); }), refused);
  CHECK(scene.is_untouched());
}

TEST_CASE("file destination: a link in place of a file is neither read nor written", "[file][security]") {
  Scene scene;
  const std::string name = scene.root + "/generations/0000000000000000.wal";
  std::filesystem::create_symlink(scene.precious, name);
  CHECK_THAT(refusal([&] { (void)scene.disk.open_append(name); }), Contains("is a symbolic link"));
  CHECK_THAT(refusal([&] { (void)scene.disk.open_read(name); }), Contains("is a symbolic link"));
  CHECK_FALSE(scene.disk.facts(name)->is_regular);
  {
    auto created = scene.disk.create(name);  // in its place, not through it
    created.append(std::as_bytes(std::span("new")));
  }
  CHECK(scene.is_untouched());
  CHECK(file_bytes(name).size() == 4);
}

TEST_CASE("file destination: a removal takes links and not what they lead to", "[file][security]") {
  Scene scene;
  const std::string tree = scene.root + "/generations/g";
  std::filesystem::create_directories(tree + "/wal");
  std::filesystem::create_directory_symlink(scene.outside, tree + "/wal/folder");
  std::filesystem::create_symlink(scene.precious, tree + "/wal/file");
  scene.disk.remove_tree(tree);
  CHECK_FALSE(std::filesystem::exists(tree));
  CHECK(scene.is_untouched());
}

TEST_CASE("file destination: the folder that the user chose may be a link", "[file][security]") {
  Scene scene;
  const std::string chosen = scene.directory / "chosen";
  std::filesystem::create_directory_symlink(scene.root, chosen);
  const Disk disk(chosen);
  CHECK(disk.make_folders(chosen + "/generations/g").size() == 1);
  (void)disk.create(chosen + "/generations/g/x");
  CHECK(std::filesystem::exists(scene.root + "/generations/g/x"));
}

TEST_CASE("file destination: pipes, sockets and devices are refused, and nobody waits for them", "[file][security]") {
  Scene scene;
  const std::string name = scene.root + "/generations/0000000000000000.wal";
  SECTION("a pipe") { REQUIRE(::mkfifo(name.c_str(), 0600) == 0); }
  SECTION("a folder") { std::filesystem::create_directory(name); }
  SECTION("a device") {
    if (::mknod(name.c_str(), S_IFCHR | 0600, (1U << 8) | 5U) != 0) {  // /dev/zero: a file without an end
      WARN("skipped: this user may not make devices");
      return;
    }
  }
  CHECK_FALSE(refusal([&] { (void)scene.disk.open_append(name); }).empty());
  CHECK_THAT(refusal([&] { (void)scene.disk.open_read(name); }), Contains("is not a regular file"));
  CHECK_FALSE(refusal([&] { (void)scene.disk.read(name, 100); }).empty());
}

TEST_CASE("file destination: what is created is the owner's alone, whatever was there before", "[file][security]") {
  Scene scene;
  const mode_t before = ::umask(0);
  const std::string folder = scene.root + "/generations/g";
  const std::string name = folder + "/x.tmp";
  (void)scene.disk.make_folders(folder);
  write_file(name, std::as_bytes(std::span("somebody's")));
  REQUIRE(::chmod(name.c_str(), 0666) == 0);
  const auto old = scene.disk.facts(name)->inode;
  const lshost::file::OutFile held =
      *scene.disk.open_append(name);  // so that the number of the inode is not used again
  const auto created = scene.disk.create(name);
  (void)::umask(before);
  struct stat st{};
  REQUIRE(::stat(name.c_str(), &st) == 0);
  CHECK((st.st_mode & 07777) == 0600);
  CHECK(st.st_ino != old);  // whoever has the old one open reads nothing of ours
  REQUIRE(::stat(folder.c_str(), &st) == 0);
  CHECK((st.st_mode & 07777) == 0700);
}

TEST_CASE("file destination: a crowd of names is refused before it fills the memory", "[file][security]") {
  Scene scene;
  for (int i = 0; i < 5; ++i) (void)scene.disk.create(scene.root + "/generations/" + std::to_string(i));
  CHECK(scene.disk.list(scene.root + "/generations", 5).size() == 5);
  CHECK_THAT(refusal([&] { (void)scene.disk.list(scene.root + "/generations", 4); }),
             Contains("holds more than 4 names"));
}
