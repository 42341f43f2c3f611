// Goal: names alone tell what a listing holds, and nothing that is not ours is taken for ours.

#include <catch2/catch.hpp>

#include "engine/inventory.hpp"

using namespace lshost::engine;

namespace {

const std::string kRoot = "generations/0123456789abcdef/";

GenerationObjects objects(const std::vector<std::string>& keys) {
  std::vector<StoredObject> listing;
  std::int64_t created_ns = 0;
  for (const auto& key : keys) listing.push_back({key.starts_with("/") ? key : kRoot + key, 100, ++created_ns});
  auto all = take_inventory(listing);
  CHECK(all.size() <= 1);
  return all["0123456789abcdef"];
}

}  // namespace

TEST_CASE("inventory: snapshots and segments by index and offset", "[engine]") {
  const auto found = objects({"wal/00000001_00000000.wal.lz4", "snapshots/00000000.snapshot.lz4",
                              "wal/00000000_00001038.wal.zst", "wal/00000000_00000000.wal"});
  REQUIRE(found.snapshots.size() == 1);
  REQUIRE(found.wals.size() == 2);
  CHECK(found.wals.at(0).size() == 2);
  CHECK(found.wals.at(0).at(0x1038).key == kRoot + "wal/00000000_00001038.wal.zst");
  CHECK(found.is_followed(0));
  CHECK_FALSE(found.is_followed(1));
}

TEST_CASE("inventory: an index is followed only by the beginning of the next one", "[engine]") {
  CHECK_FALSE(objects({"wal/00000000_00000000.wal.lz4", "wal/00000001_00001038.wal.lz4"}).is_followed(0));
  CHECK_FALSE(objects({"wal/00000000_00000000.wal.lz4", "wal/00000002_00000000.wal.lz4"}).is_followed(0));
  CHECK_FALSE(
      objects({"wal/00000000_00000000.wal.lz4", "wal/ffffffffffffffff_00000000.wal.lz4"}).is_followed(UINT64_MAX));
}

TEST_CASE("inventory: a break says that two indexes are no neighbours", "[engine]") {
  CHECK(break_key("0123456789abcdef", 0x2a) == kRoot + "wal/0000002a.incomplete");
  const auto found = objects({"wal/00000000_00000000.wal.lz4", "wal/00000000.incomplete",
                              "wal/00000001_00000000.wal.lz4", "wal/00000002_00000000.wal.lz4"});
  CHECK_FALSE(found.is_followed(0));
  CHECK(found.is_followed(1));
}

TEST_CASE("inventory: of two objects in one place the newer one counts", "[engine]") {
  const auto found = objects({"snapshots/00000000.snapshot.lz4", "snapshots/00000000.snapshot.zst"});
  REQUIRE(found.snapshots.size() == 1);
  CHECK(found.snapshots.at(0).key == kRoot + "snapshots/00000000.snapshot.zst");
  CHECK(found.outnumbered == std::vector<std::string>{kRoot + "snapshots/00000000.snapshot.lz4"});
}

TEST_CASE("inventory: what is not of the layout is left out", "[engine]") {
  const auto found = objects({"wal/00000000_00000000.wal.lz4.tmp", "wal/0000000.incomplete", "wal/zzzzzzzz.incomplete",
                              "snapshots/00000000.incomplete", "/notes.txt", "/generations/x/wal/00000000.incomplete",
                              "wal/.incomplete"});
  CHECK(found.is_empty());
  CHECK(found.breaks.empty());
}
