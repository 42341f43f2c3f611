// Put, get, list and remove against a real OpenSSH server.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sftp/sshd.hpp"

using namespace lshost;
using namespace lshost::test;

namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

fs::perms mode(const std::string& path) { return fs::status(path).permissions(); }

struct Fixture {
  Sshd sshd;
  Store store{sshd.config()};
};

}  // namespace

TEST_CASE("sftp: what is put is there under its name, only for the user, and comes back", "[sftp][store]") {
  Fixture f;
  const std::string body = noise(GENERATE(0U, 1U, 32767U, 32768U, 32769U, 100000U, 3000000U));
  f.store.put("generations/abc/0001.snapshot", body);
  CHECK(tree(f.sshd.store()) == Names{"generations/", "generations/abc/", "generations/abc/0001.snapshot"});
  CHECK((content_of(f.sshd.store() + "/generations/abc/0001.snapshot") == body));
  CHECK((f.store.get("generations/abc/0001.snapshot") == body));
  CHECK(mode(f.sshd.store()) == fs::perms(0700));
  CHECK(mode(f.sshd.store() + "/generations/abc") == fs::perms(0700));
  CHECK(mode(f.sshd.store() + "/generations/abc/0001.snapshot") == fs::perms(0600));
  CHECK(f.store.host.warnings().empty());
  CHECK(f.sshd.logins() == 1);
}

TEST_CASE("sftp: a body of unknown size is stored to its end", "[sftp][store]") {
  Fixture f;
  const std::string body = noise(5'000'001);
  TextSource source(body);
  f.store.replicator.Put("big", source, kSizeUnknown);
  CHECK((f.store.get("big") == body));
}

TEST_CASE("sftp: a put replaces what is there, and the same again succeeds", "[sftp][store]") {
  Fixture f;
  f.store.put("a/b", "one");
  f.store.put("a/b", "one");
  CHECK(f.store.get("a/b") == "one");
  f.store.put("a/b", "another");
  CHECK(f.store.get("a/b") == "another");
  CHECK(tree(f.sshd.store()) == Names{"a/", "a/b"});
}

TEST_CASE("sftp: a body that fails, or has another size, stores nothing and harms nothing", "[sftp][store]") {
  Fixture f;
  f.store.put("a/kept", "as it was");
  SECTION("it throws an error") {
    TextSource source(noise(4'000'000), [](std::size_t at) {
      if (at > 3'000'000) throw Error(LSHOST_E_IO, "the source broke");
    });
    const auto error = error_of([&] { f.store.replicator.Put("a/kept", source, kSizeUnknown); });
    REQUIRE(error);
    CHECK(std::string(error->what()) == "the source broke");
  }
  SECTION("the host stops") {
    TextSource source(noise(4'000'000), [](std::size_t at) {
      if (at > 3'000'000) throw Cancelled{};
    });
    CHECK_THROWS_AS(f.store.replicator.Put("a/kept", source, kSizeUnknown), Cancelled);
  }
  SECTION("it is shorter than was said") {
    TextSource source("short");
    CHECK(error_of([&] { f.store.replicator.Put("a/kept", source, 6); }).value().Code() == LSHOST_E_INVALID);
  }
  SECTION("it is longer than was said") {
    TextSource source(noise(100'000));
    CHECK(error_of([&] { f.store.replicator.Put("a/kept", source, 99'999); }).value().Code() == LSHOST_E_INVALID);
  }
  CHECK(f.store.get("a/kept") == "as it was");
  CHECK(f.store.list() == Names{"a/kept=9"});
  CHECK(tree(f.sshd.store()) == Names{"a/", "a/kept"});
  CHECK(f.sshd.logins() == 1);  // the connection went on being used
}

TEST_CASE("sftp: ranges of an object", "[sftp][store]") {
  Fixture f;
  const std::string body = noise(2'500'000);
  f.store.put("o", body);
  const auto check = [&](std::uint64_t offset, std::uint64_t length) {
    CAPTURE(offset, length);
    CHECK((f.store.get("o", offset, length) ==
           body.substr(std::min<std::size_t>(offset, body.size()), static_cast<std::size_t>(length))));
  };
  check(0, 0);
  check(0, 1);
  check(1, 32768);
  check(32767, 2);
  check(body.size() - 10, 10);
  check(1000, 2'000'000);
  check(body.size() - 10, UINT64_MAX);
  check(body.size(), 10);
  check(0, UINT64_MAX);
  CHECK(error_of([&] { (void)f.store.get("missing"); }).value().Code() == LSHOST_E_NOT_FOUND);
  CHECK(error_of([&] { (void)f.store.get("no/folder"); }).value().Code() == LSHOST_E_NOT_FOUND);
}

TEST_CASE("sftp: several streams are read at once, and may be left half-read", "[sftp][store]") {
  Fixture f;
  const std::string body = noise(3'000'000);
  f.store.put("a", body);
  f.store.put("b", body);
  const auto one = f.store.replicator.Get("a", 0, UINT64_MAX);
  const auto two = f.store.replicator.Get("b", 0, UINT64_MAX);
  std::string got_one;
  std::string got_two;
  std::vector<std::byte> buffer(70'000);
  for (;;) {
    const std::size_t first = one->Read(buffer);
    got_one.append(reinterpret_cast<const char*>(buffer.data()), first);
    const std::size_t second = two->Read(buffer);
    got_two.append(reinterpret_cast<const char*>(buffer.data()), second);
    if (first == 0 && second == 0) break;
  }
  CHECK((got_one == body));
  CHECK((got_two == body));
  for (int i = 0; i < 5; ++i) {
    const auto left = f.store.replicator.Get("a", 0, UINT64_MAX);
    (void)left->Read(buffer);
  }
  CHECK((f.store.get("a", 5, 5) == body.substr(5, 5)));
  CHECK(f.sshd.logins() == 2);
}

TEST_CASE("sftp: a listing has the keys of a prefix, and nothing else that lies there", "[sftp][store]") {
  Fixture f;
  CHECK(f.store.list().empty());  // nothing was ever stored
  for (const auto* key : {"generations/a1/wal/0001.wal.lz4", "generations/a1/wal/0002.wal.lz4",
                          "generations/a1/snapshots/0001.snapshot.lz4", "generations/b2/wal/0001.wal.lz4", "top"}) {
    f.store.put(key, key);
  }
  const std::string root = f.sshd.store();
  fs::create_symlink(root + "/top", root + "/link");
  fs::create_directory_symlink("/", root + "/generations/root");
  write_file(root + "/generations/.0003.tmp-0123456789abcdef", "being written");
  write_file(root + "/generations/foreign name", "x");
  fs::create_directory(root + "/generations/empty");
  CHECK(f.store.list().size() == 5);
  CHECK(f.store.list("generations/a1/wal/") ==
        Names{"generations/a1/wal/0001.wal.lz4=31", "generations/a1/wal/0002.wal.lz4=31"});
  CHECK(f.store.list("generations/a1/wal/0002") == Names{"generations/a1/wal/0002.wal.lz4=31"});
  CHECK(f.store.list("generations/b") == Names{"generations/b2/wal/0001.wal.lz4=31"});
  CHECK(f.store.list("t") == Names{"top=3"});
  CHECK(f.store.list("generations/c").empty());
  CHECK(f.store.list("nothing/here/").empty());
  CHECK(f.store.list("../").empty());
  std::int64_t created = 0;
  f.store.replicator.List("top", [&](const Blob& blob) { created = blob.created_ns; });
  const auto modified = fs::last_write_time(root + "/top").time_since_epoch();
  (void)modified;
  CHECK(created > std::int64_t{1'600'000'000} * 1'000'000'000);
}

TEST_CASE("sftp: a listing that the caller ends leaves the connection usable", "[sftp][store]") {
  Fixture f;
  f.store.put("a", "1");
  f.store.put("b", "2");
  struct Enough {};
  CHECK_THROWS_AS(f.store.replicator.List("", [](const Blob&) { throw Enough{}; }), Enough);
  CHECK(f.store.get("b") == "2");
  CHECK(f.sshd.logins() == 1);
}

TEST_CASE("sftp: a listing of 3000 files in one folder is complete", "[sftp][store]") {
  Fixture f;
  fs::create_directories(f.sshd.store() + "/wal");
  Names expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "wal/" + std::to_string(100000 + i);
    std::ofstream(f.sshd.store() + "/" + name) << "x";
    expected.push_back(name + "=1");
  }
  CHECK((f.store.list("wal/") == expected));
}

TEST_CASE("sftp: removed keys are gone, missing ones are no error, and empty folders go with them", "[sftp][store]") {
  Fixture f;
  Names keys;
  for (int i = 0; i < 200; ++i) keys.push_back("a/b/c/" + std::to_string(i));
  for (const auto& key : keys) f.store.put(key, "x");
  f.store.put("a/kept", "x");
  keys.emplace_back("a/never/there");
  f.store.remove(keys);
  CHECK(tree(f.sshd.store()) == Names{"a/", "a/kept"});
  f.store.remove({"a/kept"});
  CHECK(tree(f.sshd.store()).empty());
  CHECK(fs::exists(f.sshd.store()));
  f.store.remove({"a/kept"});
  f.store.put("a/b/c/again", "x");  // into folders that were removed
  CHECK(f.store.list() == Names{"a/b/c/again=1"});
}

TEST_CASE("sftp: a key that leads elsewhere or names a temporary file is refused", "[sftp][store]") {
  Fixture f;
  const std::string key =
      GENERATE("../x", "a/../../x", "/etc/x", "a//b", "a/", "", ".", "a b", "a/.b.tmp-0123456789abcdef");
  CAPTURE(key);
  CHECK(error_of([&] { f.store.put(key, "x"); }).value().Code() == LSHOST_E_INVALID);
  CHECK(error_of([&] { (void)f.store.get(key); }).value().Code() == LSHOST_E_NOT_FOUND);
  CHECK(error_of([&] { f.store.remove({key}); }).value().Code() == LSHOST_E_INVALID);
  CHECK(tree(f.sshd.store()).empty());
}

TEST_CASE("sftp: a key as long as a name may be", "[sftp][store]") {
  Fixture f;
  const std::string key(255, 'k');
  f.store.put(key, "long");
  CHECK(f.store.get(key) == "long");
}

TEST_CASE("sftp: calls from several threads at once", "[sftp][store]") {
  Fixture f;
  constexpr int kThreads = 6;
  std::vector<int> wrong(kThreads, 0);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 10; ++i) {
          const std::string key = "t" + std::to_string(t) + "/" + std::to_string(i);
          const std::string body = noise(50'000, static_cast<std::uint32_t>(t * 100 + i + 1));
          f.store.put(key, body);
          if (f.store.get(key) != body) ++wrong[static_cast<std::size_t>(t)];
          if (i % 2 == 0) f.store.remove({key});
        }
      });
    }
  }
  CHECK(wrong == std::vector<int>(kThreads, 0));
  CHECK(f.store.list().size() == kThreads * 5);
  CHECK(f.sshd.logins() <= kThreads);
}
