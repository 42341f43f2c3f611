#include "layout.hpp"

#include <catch2/catch.hpp>

using namespace lshost::file;

TEST_CASE("file layout: names hold every index, and sort as the indexes do", "[file][layout]") {
  const std::uint64_t indexes[] = {0, 1, 9, 10, 0xffff'ffff, 0x1'0000'0000, ~std::uint64_t{0}};
  std::string before;
  for (const auto index : indexes) {
    for (const auto kind : {Kind::snapshot, Kind::info, Kind::wal, Kind::commits}) {
      CHECK(parse_file_name(kind, file_name(kind, index)) == index);
    }
    CHECK(before < file_name(Kind::wal, index));
    before = file_name(Kind::wal, index);
  }
  CHECK(file_name(Kind::snapshot, 42) == "000000000000002a.snapshot");
}

TEST_CASE("file layout: whatever is not one of our names is ignored", "[file][layout]") {
  for (const auto* wrong : {"", ".wal", "wal", "2a.wal", "000000000000002A.wal", "000000000000002a.wal.tmp",
                            "000000000000002a.wal.damaged", "000000000000002a.snapshot", "0000000000000002a.wal",
                            "g00000000000002a.wal", "000000000000002a.wa", " 00000000000002a.wal"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_file_name(Kind::wal, wrong).has_value());
  }
  for (const auto* wrong : {"", "..", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcde/"}) {
    CAPTURE(wrong);
    CHECK_FALSE(is_generation(wrong));
  }
  CHECK(is_generation("0123456789abcdef"));
}

TEST_CASE("file layout: only our own names with .tmp are unfinished files", "[file][layout]") {
  CHECK(is_unfinished("000000000000002a.snapshot.tmp"));
  CHECK(is_unfinished("000000000000002a.info.tmp"));
  for (const auto* other : {"x.tmp", ".tmp", "000000000000002a.tmp", "000000000000002a.snapshot",
                            "000000000000002a.snapshot.tmp.tmp", "notes.snapshot.tmp"}) {
    CAPTURE(other);
    CHECK_FALSE(is_unfinished(other));
  }
}

TEST_CASE("file layout: paths lie below the root, however it is written", "[file][layout]") {
  for (const auto* root : {"/r", "/r/", "/r//"}) {
    const Layout layout(root);
    CHECK(layout.file(Kind::wal, "0123456789abcdef", 1) == "/r/generations/0123456789abcdef/wal/0000000000000001.wal");
    CHECK(layout.file(Kind::info, "0123456789abcdef", 1) ==
          "/r/generations/0123456789abcdef/snapshots/0000000000000001.info");
  }
  CHECK(Layout("/").generations() == "/generations");
}
