#include <fcntl.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "os/fs.hpp"
#include "os/limits.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using os::posix_fs;
using test::TempDir;

namespace {

ByteSpan bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void write_file(const std::string& path, std::string_view text, std::uint32_t mode = 0600) {
  const auto file = posix_fs().create("t", path, mode);
  file->append("t", bytes_of(text));
  file->close("t");
}

std::string read_file(const std::string& path) { return os::read_small_file(posix_fs(), "t", path).value(); }

/// The failure of `fn`; the test fails if there is none.
template <class Fn>
Error error_of(Fn&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e;
  }
  FAIL("nothing was thrown");
  return {ErrorCode::internal, ""};
}

template <class Fn>
ErrorCode code_of(Fn&& fn) {
  return error_of(std::forward<Fn>(fn)).code();
}

/// Takes the bits of a new file's mode away that most people's shells take.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

}  // namespace

TEST_CASE("posix_fs: what is appended is read back, at any place and past the end", "[os]") {
  const TempDir dir;
  const auto file = posix_fs().create("t", dir / "f", 0600);
  file->append("t", bytes_of("hello, "));
  file->append("t", bytes_of(""));
  file->append("t", bytes_of("world"));
  file->sync("t");
  CHECK(file->size() == 12);

  const auto reader = posix_fs().open_read("t", dir / "f");
  CHECK(reader->size("t") == 12);
  std::string text(5, '?');
  CHECK(reader->read_at("t", 7, std::as_writable_bytes(std::span(text))) == 5);
  CHECK(text == "world");
  CHECK(reader->read_at("t", 10, std::as_writable_bytes(std::span(text))) == 2);
  CHECK(text.substr(0, 2) == "ld");
  CHECK(reader->read_at("t", 12, std::as_writable_bytes(std::span(text))) == 0);
  CHECK(reader->read_at("t", 1'000'000, std::as_writable_bytes(std::span(text))) == 0);

  file->append("t", bytes_of("!"));  // a reader sees a file grow
  CHECK(reader->size("t") == 13);
}

TEST_CASE("posix_fs: truncate sets where the next append goes, below and beyond the end, beyond 4 GiB", "[os]") {
  const TempDir dir;
  const auto file = posix_fs().create("t", dir / "f", 0600);
  file->append("t", bytes_of("123456"));
  file->truncate("t", 2);
  file->append("t", bytes_of("x"));
  CHECK(read_file(dir / "f") == "12x");

  constexpr std::uint64_t kFar = 5'000'000'000;  // sparse
  file->truncate("t", kFar);
  file->append("t", bytes_of("far"));
  CHECK(file->size() == kFar + 3);
  std::string text(3, '?');
  CHECK(posix_fs().open_read("t", dir / "f")->read_at("t", kFar, std::as_writable_bytes(std::span(text))) == 3);
  CHECK(text == "far");
}

TEST_CASE("posix_fs: open_append goes on at the end of what is there", "[os]") {
  const TempDir dir;
  write_file(dir / "f", "one");
  const auto file = posix_fs().open_append("t", dir / "f");
  CHECK(file->size() == 3);
  file->append("t", bytes_of("two"));
  file->close("t");
  CHECK(read_file(dir / "f") == "onetwo");
  CHECK(code_of([&] { file->append("t", bytes_of("x")); }) == ErrorCode::internal);
  CHECK(code_of([&] { file->close("t"); }) == ErrorCode::internal);
}

TEST_CASE("posix_fs: create empties, and the file has exactly the mode asked for", "[os]") {
  const TempDir dir;
  const Umask umask(0077);
  write_file(dir / "f", "something", 0644);
  CHECK(posix_fs().stat("t", dir / "f")->mode == 0644);
  write_file(dir / "f", "", 0600);
  CHECK(posix_fs().stat("t", dir / "f")->mode == 0600);
  CHECK(posix_fs().stat("t", dir / "f")->size_bytes == 0);
}

TEST_CASE("posix_fs: files are never written through a link", "[os]") {
  const TempDir dir;
  write_file(dir / "target", "precious");
  REQUIRE(::symlink("target", (dir / "link").c_str()) == 0);
  CHECK(code_of([&] { (void)posix_fs().create("t", dir / "link", 0600); }) == ErrorCode::invalid);
  CHECK(code_of([&] { (void)posix_fs().open_append("t", dir / "link"); }) == ErrorCode::invalid);
  CHECK(read_file(dir / "link") == "precious");  // reading through one is fine
}

TEST_CASE("posix_fs: what is no file is refused, and a pipe does not make anybody wait", "[os]") {
  const TempDir dir;
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  for (const auto& path : {dir.path(), dir / "pipe", std::string("/dev/null")}) {
    CAPTURE(path);
    CHECK(code_of([&] { (void)posix_fs().open_append("t", path); }) == ErrorCode::invalid);
    CHECK(code_of([&] { (void)posix_fs().open_read("t", path); }) == ErrorCode::invalid);
  }
  CHECK_THROWS_WITH(posix_fs().open_read("t", dir / "pipe"), "t " + dir / "pipe" + ": not a regular file");
}

TEST_CASE("posix_fs: a missing thing is an absence where one asks, and an error where one needs it", "[os]") {
  const TempDir dir;
  write_file(dir / "f", "x");
  for (const auto& missing : {dir / "no", dir / "no/such/place"}) {
    CAPTURE(missing);
    CHECK_FALSE(posix_fs().stat("t", missing).has_value());
    CHECK_FALSE(posix_fs().list("t", missing).has_value());
    CHECK_FALSE(os::read_small_file(posix_fs(), "t", missing).has_value());
    CHECK_NOTHROW(posix_fs().remove("t", missing));
    CHECK(code_of([&] { (void)posix_fs().open_read("t", missing); }) == ErrorCode::not_found);
    CHECK(code_of([&] { (void)posix_fs().open_append("t", missing); }) == ErrorCode::not_found);
    CHECK(code_of([&] { posix_fs().rename("t", missing, dir / "g"); }) == ErrorCode::not_found);
    CHECK(code_of([&] { posix_fs().sync_directory("t", missing); }) == ErrorCode::not_found);
  }
  CHECK(code_of([&] { (void)posix_fs().create("t", dir / "no/f", 0600); }) == ErrorCode::not_found);
  CHECK_THROWS_WITH(posix_fs().open_append("shadow.open", "/no/f"), "shadow.open /no/f: No such file or directory");
}

TEST_CASE("posix_fs: a file where a directory should be is an error with its name", "[os]") {
  const TempDir dir;
  write_file(dir / "f", "x");
  CHECK_FALSE(posix_fs().stat("t", dir / "f/x").has_value());
  CHECK_THROWS_WITH(posix_fs().list("t", dir / "f"), "t " + dir / "f" + ": Not a directory");
  CHECK_THROWS_WITH(posix_fs().create_directories("t", dir / "f", 0700), "t " + dir / "f" + ": Not a directory");
  CHECK_THROWS_WITH(posix_fs().create_directories("t", dir / "f/a/b", 0700), "t " + dir / "f" + ": Not a directory");
  CHECK_THROWS_AS(posix_fs().sync_directory("t", dir / "f"), Error);
}

TEST_CASE("posix_fs: stat tells what a name leads to, and whether it is a link", "[os]") {
  const TempDir dir;
  write_file(dir / "f", "12345", 0640);
  REQUIRE(::symlink((dir / "f").c_str(), (dir / "link").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (dir / "dangling").c_str()) == 0);

  const auto file = posix_fs().stat("t", dir / "f").value();
  CHECK(file.size_bytes == 5);
  CHECK(file.mode == 0640);
  CHECK(file.uid == ::getuid());
  CHECK(file.is_regular);
  CHECK_FALSE(file.is_directory);
  CHECK_FALSE(file.is_link);
  CHECK(file.modified_ns > UnixNanos{1'600'000'000} * 1'000'000'000);

  const auto link = posix_fs().stat("t", dir / "link").value();
  CHECK(link.is_link);
  CHECK(link.inode == file.inode);
  CHECK(link.size_bytes == 5);
  CHECK_FALSE(posix_fs().stat("t", dir / "dangling").has_value());
  CHECK(posix_fs().stat("t", dir.path())->is_directory);
}

TEST_CASE("posix_fs: list gives sorted names, hidden ones too", "[os]") {
  const TempDir dir;
  CHECK(posix_fs().list("t", dir.path())->empty());
  for (const auto* name : {"b", "a", ".c", "a.tmp"}) write_file(dir / name, "");
  CHECK(posix_fs().list("t", dir.path()).value() == std::vector<std::string>{".c", "a", "a.tmp", "b"});
}

TEST_CASE("posix_fs: create_directories makes what is missing and leaves the rest alone", "[os]") {
  const TempDir dir;
  const Umask umask(0077);
  posix_fs().create_directories("t", dir / "a", 0755);
  posix_fs().create_directories("t", dir / "a/b//c/", 0700);
  posix_fs().create_directories("t", dir / "a/b/c", 0711);
  CHECK(posix_fs().stat("t", dir / "a")->mode == 0755);
  CHECK(posix_fs().stat("t", dir / "a/b/c")->mode == 0700);
}

TEST_CASE("posix_fs: many threads may create the same directories", "[os][threads]") {
  const TempDir dir;
  std::atomic<int> failures = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, round] {
        try {
          posix_fs().create_directories("t", dir / std::to_string(round) + "/x/y", 0700);
        } catch (const Error&) {
          ++failures;
        }
      });
    }
  }
  CHECK(failures == 0);
}

TEST_CASE("posix_fs: rename replaces, remove takes files and empty directories", "[os]") {
  const TempDir dir;
  write_file(dir / "a", "new");
  write_file(dir / "b", "old");
  posix_fs().rename("t", dir / "a", dir / "b");
  CHECK(read_file(dir / "b") == "new");
  CHECK_FALSE(posix_fs().stat("t", dir / "a").has_value());

  posix_fs().create_directories("t", dir / "d", 0700);
  write_file(dir / "d/f", "");
  CHECK(code_of([&] { posix_fs().remove("t", dir / "d"); }) == ErrorCode::invalid);
  posix_fs().remove("t", dir / "d/f");
  posix_fs().remove("t", dir / "d");
  posix_fs().remove("t", dir / "d");
  CHECK_FALSE(posix_fs().stat("t", dir / "d").has_value());
  CHECK_NOTHROW(posix_fs().sync_directory("t", dir.path()));
}

TEST_CASE("remove_tree: takes everything below and nothing that links lead to", "[os]") {
  const TempDir dir;
  posix_fs().create_directories("t", dir / "outside", 0700);
  write_file(dir / "outside/precious", "x");
  posix_fs().create_directories("t", dir / "tree/a/b", 0700);
  write_file(dir / "tree/a/b/f", "x");
  REQUIRE(::symlink("../outside", (dir / "tree/link").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (dir / "tree/dangling").c_str()) == 0);

  SECTION("a directory") {
    os::remove_tree(posix_fs(), "t", dir / "tree");
    CHECK_FALSE(posix_fs().stat("t", dir / "tree").has_value());
  }
  SECTION("a link to one") {
    REQUIRE(::symlink("outside", (dir / "link").c_str()) == 0);
    os::remove_tree(posix_fs(), "t", dir / "link");
    CHECK_FALSE(posix_fs().stat("t", dir / "link").has_value());
  }
  SECTION("nothing") { os::remove_tree(posix_fs(), "t", dir / "no"); }
  CHECK(read_file(dir / "outside/precious") == "x");
}

TEST_CASE("read_small_file: gives all of it, and refuses what is too large to be one", "[os]") {
  const TempDir dir;
  write_file(dir / "f", "");
  CHECK(read_file(dir / "f").empty());
  write_file(dir / "f", std::string(100, 'x'));
  CHECK(os::read_small_file(posix_fs(), "t", dir / "f", 100)->size() == 100);
  const auto error = error_of([&] { (void)os::read_small_file(posix_fs(), "t", dir / "f", 99); });
  CHECK(error.code() == ErrorCode::corrupt);
  CHECK(error.what() == "t " + dir / "f" + ": larger than the 99 bytes that such a file may have");
  CHECK(os::read_small_file(posix_fs(), "t", "/proc/self/status").value().find("Name:") == 0);  // its size says 0
}

TEST_CASE("parent_directory: of absolute, relative and odd paths", "[os]") {
  CHECK(os::parent_directory("/a/b") == "/a");
  CHECK(os::parent_directory("/a") == "/");
  CHECK(os::parent_directory("/") == "/");
  CHECK(os::parent_directory("a/b/c") == "a/b");
  CHECK(os::parent_directory("b") == ".");
  CHECK(os::parent_directory("") == ".");
  CHECK(os::parent_directory("/a/b/") == "/a");
  CHECK(os::parent_directory("/a//b") == "/a");
  CHECK(os::parent_directory("//a") == "/");
  CHECK(os::parent_directory("./b") == ".");
}

TEST_CASE("posix_fs: no descriptor is handed to programs that are started", "[os]") {
  const TempDir dir;
  const auto writer = posix_fs().create("t", dir / "f", 0600);
  const auto reader = posix_fs().open_read("t", dir / "f");
  CHECK(reader->descriptor() >= 0);
  const auto listed =
      test::run({.command = {"ls", "-l", "/proc/self/fd"}, .environment = {}, .directory = {}, .input = {}});
  CHECK(listed.status.code == 0);
  CHECK_THAT(listed.out, !Catch::Contains(dir.path()));
}

// File permissions do not bind root, so the thread asks as somebody else.
TEST_CASE("posix_fs: what one may not do is denied", "[os]") {
  const TempDir dir;
  write_file(dir / "f", "x", 0400);
  REQUIRE(::chmod(dir.path().c_str(), 0555) == 0);
  std::vector<ErrorCode> codes;
  std::jthread([&] {
    if (::getuid() == 0) ::setfsuid(65534);
    const auto note = [&](auto&& fn) {
      try {
        fn();
        codes.push_back(ErrorCode::internal);
      } catch (const Error& e) {
        codes.push_back(e.code());
      }
    };
    note([&] { (void)posix_fs().open_append("t", dir / "f"); });
    note([&] { (void)posix_fs().create("t", dir / "g", 0600); });
    note([&] { posix_fs().remove("t", dir / "f"); });
    note([&] { posix_fs().rename("t", dir / "f", dir / "g"); });
    note([&] { posix_fs().create_directories("t", dir / "d/e", 0700); });
  }).join();
  REQUIRE(::chmod(dir.path().c_str(), 0700) == 0);
  CHECK(codes == std::vector<ErrorCode>(5, ErrorCode::denied));
}

TEST_CASE("posix_fs: a full disk is no_space, and what was durable stays", "[os]") {
  const TempDir dir;
  if (::mount("none", dir.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    WARN("skipped: mounting needs root");
    return;
  }
  {
    const auto file = posix_fs().create("t", dir / "f", 0600);
    const std::vector<std::byte> page(4096, std::byte{1});
    file->append("t", page);
    file->sync("t");
    const auto error = error_of([&] {
      for (int i = 0; i < 100; ++i) file->append("t", page);
    });
    CHECK(error.code() == ErrorCode::no_space);
    CHECK(error.what() == "t " + dir / "f" + ": No space left on device");
    const auto size = file->size();
    CHECK(size % page.size() == 0);
    file->truncate("t", size - page.size());  // room again: one goes on where it stopped
    file->append("t", page);
    CHECK(file->size() == size);
  }
  CHECK(::umount2(dir.path().c_str(), MNT_DETACH) == 0);
}

// A limit on the size of files cuts a write short first, and refuses the rest of it.
TEST_CASE("child: writes beyond the file size limit", "[.child]") {
  if (!test::is_child()) return;
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{.rlim_cur = 1000, .rlim_max = 1000};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  const TempDir dir;
  const auto file = posix_fs().create("t", dir / "f", 0600);
  file->append("t", bytes_of(std::string(900, 'a')));
  CHECK(code_of([&] { file->append("t", bytes_of(std::string(200, 'b'))); }) == ErrorCode::no_space);
  CHECK(file->size() == 900);
  CHECK(posix_fs().stat("t", dir / "f")->size_bytes == 1000);  // the short count
  file->append("t", bytes_of(std::string(50, 'c')));           // goes over what failed
  CHECK(read_file(dir / "f").substr(898, 54) == "aa" + std::string(50, 'c') + "bb");
}

TEST_CASE("posix_fs: a write cut short is continued, and its failure leaves the end where it was", "[os]") {
  test::Process child(test::child("child: writes beyond the file size limit"));
  const auto status = child.wait().value();
  CAPTURE(child.out(), child.err());
  CHECK(status.code == 0);
  CHECK_THAT(child.out(), Catch::Contains("All tests passed"));
}

TEST_CASE("child: raises its limit on open files", "[.child]") {
  if (!test::is_child()) return;
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = 16;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(os::raise_open_files_limit() == limit.rlim_max);
  std::vector<std::unique_ptr<os::ReadableFile>> files;
  for (int i = 0; i < 50; ++i) files.push_back(posix_fs().open_read("t", "/proc/self/status"));
  CHECK(files.size() == 50);
}

TEST_CASE("raise_open_files_limit: lifts the soft limit to the hard one", "[os]") {
  test::Process child(test::child("child: raises its limit on open files"));
  const auto status = child.wait().value();
  CAPTURE(child.out(), child.err());
  CHECK(status.code == 0);
}
