// What a store promises, kept by the plugin against a real server: see lshost/blob_replicator.hpp.

#include <catch2/catch.hpp>

#include "gateway.hpp"

using namespace lshost;
using namespace lshost::test;

TEST_CASE("s3: what was put is there, byte for byte, and goes when it is removed", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  const std::string bytes = noise(70'000);
  store.put("generations/0123456789abcdef/wal/00000000_00000000.wal.lz4", bytes);
  store.put("empty", "");
  CHECK(store.get("generations/0123456789abcdef/wal/00000000_00000000.wal.lz4") == bytes);
  CHECK(store.get("empty").empty());
  CHECK(store.list() ==
        std::vector<std::string>{"empty", "generations/0123456789abcdef/wal/00000000_00000000.wal.lz4"});
  CHECK(store.list("gen").size() == 1);
  CHECK(store.list("wal").empty());

  store.put("empty", "no longer");
  CHECK(store.get("empty") == "no longer");

  const std::vector<std::string> all = store.list();
  store->Remove(all);
  store->Remove(all);
  store->Remove(std::vector<std::string>{"never-there"});
  store->Remove({});
  CHECK(store.list().empty());
  const auto error = error_of([&] { (void)store.get("empty"); });
  REQUIRE(error.has_value());
  CHECK(error->Code() == LSHOST_E_NOT_FOUND);
}

TEST_CASE("s3: sizes and times are listed", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  const auto now_s =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  store.put("a", noise(12'345));
  int seen = 0;
  store->List("", [&](const Blob& blob) {
    ++seen;
    CHECK(blob.size == 12'345);
    CHECK(std::abs(blob.created_ns / 1'000'000'000 - now_s) < 60);
  });
  CHECK(seen == 1);
}

TEST_CASE("s3: a range is those bytes and no others", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  const std::string bytes = noise(100'000);
  store.put("a", bytes);
  store.put("empty", "");
  struct Range {
    std::uint64_t offset;
    std::uint64_t length;
  };
  for (const Range range :
       {Range{0, 1}, Range{0, 100'000}, Range{0, UINT64_MAX}, Range{1, 99'999}, Range{99'999, 1}, Range{99'999, 100},
        Range{50'000, UINT64_MAX}, Range{500, 0}, Range{100'000, UINT64_MAX}, Range{100'000, 0}, Range{100'000, 5}}) {
    CAPTURE(range.offset, range.length);
    CHECK(store.get("a", range.offset, range.length) == bytes.substr(range.offset, range.length));
  }
  CHECK(store.get("empty", 0, 10).empty());
  CHECK(error_of([&] { (void)store.get("a", 100'001, 1); })->Code() == LSHOST_E_INVALID);
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{7}, UINT64_MAX}) {
    CHECK(error_of([&] { (void)store.get("missing", 5, length); })->Code() == LSHOST_E_NOT_FOUND);
  }
}

TEST_CASE("s3: a prefix may have any character that a name can have", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  const std::string bucket = Store(*server).bucket();
  const std::vector<std::string> prefixes = {"plain",
                                             "with blank",
                                             "a+b",
                                             "100%",
                                             "%41",
                                             "a=b&c=d",
                                             "\xc3\xbcml\xc3\xa4ut/\xe6\xbc\xa2",
                                             "quote\"'<>",
                                             "q?x#y",
                                             "semi;colon,comma",
                                             "tilde~(paren)!*$@:",
                                             "/leading/and/trailing/",
                                             "back\\slash",
                                             "{brace}[bracket]|^`"};
  for (const auto& prefix : prefixes) {
    CAPTURE(prefix);
    Store store(*server, {{"prefix", prefix}}, bucket);
    store.put("a/b.c_d-e", prefix);
    store.put_unknown("f", prefix);
    CHECK(store.get("a/b.c_d-e") == prefix);
    CHECK(store.get("a/b.c_d-e", 1, 2) == prefix.substr(1, 2));
    CHECK(store.list() == std::vector<std::string>{"a/b.c_d-e", "f"});
    CHECK(store.list("a/") == std::vector<std::string>{"a/b.c_d-e"});
  }
  for (const auto& prefix : prefixes) {
    CAPTURE(prefix);
    Store store(*server, {{"prefix", prefix}}, bucket);
    CHECK(store.list().size() == 2);
    store->Remove(std::vector<std::string>{"a/b.c_d-e", "f"});
    CHECK(store.list().empty());
  }
}

TEST_CASE("s3: a prefix is a folder: its siblings are not listed", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store one(*server, {{"prefix", std::string("app")}});
  Store two(*server, {{"prefix", std::string()}, {"path", std::string("app2")}}, one.bucket());
  Store root(*server, {{"prefix", std::string()}}, one.bucket());
  one.put("x", "1");
  two.put("y", "2");
  root.put("z", "3");
  CHECK(one.list() == std::vector<std::string>{"x"});
  CHECK(two.list() == std::vector<std::string>{"y"});
  CHECK(root.list() == std::vector<std::string>{"app/x", "app2/y", "z"});
}

TEST_CASE("s3: a body that ends early, or fails, stores nothing", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  Text short_body("12345");
  const auto error = error_of([&] { store->Put("a", short_body, 6); });
  REQUIRE(error.has_value());
  CHECK(error->Code() == LSHOST_E_INVALID);
  CHECK(store.list().empty());

  Text long_body("12345");
  CHECK(error_of([&] { store->Put("a", long_body, 4); })->Code() == LSHOST_E_INVALID);
  CHECK(store.list().empty());

  class Broken final : public Source {
   public:
    std::size_t Read(std::span<std::byte>) override { throw Gone(); }
  } broken;
  CHECK_THROWS_AS(store->Put("a", broken, kSizeUnknown), Gone);
  CHECK(store.list().empty());
}
