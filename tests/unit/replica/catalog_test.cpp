#include "replica/catalog.hpp"

#include <catch2/catch.hpp>

#include "unit/replica/items.hpp"

using namespace lshost;
using namespace lshost::replica;
using namespace lshost::test;

TEST_CASE("catalog: segments of an index become one run, in any order of listing", "[replica]") {
  const auto a = wal_item(kGenA, 3, 0, 100, false);
  const auto b = wal_item(kGenA, 3, 100, 50, false);
  const auto c = wal_item(kGenA, 3, 150, 10, true);
  for (const auto& order : {std::vector<Item>{a, b, c}, {c, b, a}, {b, a, c, b}}) {
    const auto generation = generation_of(kGenA, {}, order);
    REQUIRE(generation.indexes.size() == 1);
    const IndexEntry& index = generation.indexes[0];
    CHECK(index.pieces.size() == 3);
    CHECK(index.end_offset == 160);
    CHECK(index.is_complete);
    CHECK_FALSE(index.has_stranded);
  }
}

TEST_CASE("catalog: a run ends at the first byte that is missing", "[replica]") {
  const auto generation =
      generation_of(kGenA, {}, {wal_item(kGenA, 0, 0, 100, false), wal_item(kGenA, 0, 101, 9, true)});
  const IndexEntry& index = generation.indexes[0];
  CHECK(index.end_offset == 100);
  CHECK_FALSE(index.is_complete);
  CHECK(index.has_stranded);
  CHECK(generation.end() == db::IndexOffset{0, 110});
  CHECK(generation_of(kGenA, {}, {wal_item(kGenA, 0, 32, 9, true)}).indexes[0].pieces.empty());
}

TEST_CASE("catalog: overlapping segments give each byte once", "[replica]") {
  const auto generation = generation_of(
      kGenA, {},
      {wal_item(kGenA, 0, 0, 100, false), wal_item(kGenA, 0, 60, 100, true), wal_item(kGenA, 0, 10, 20, false)});
  const IndexEntry& index = generation.indexes[0];
  REQUIRE(index.pieces.size() == 2);
  CHECK(index.pieces[1].skip_bytes == 40);
  CHECK(index.pieces[1].size_bytes == 60);
  CHECK(index.end_offset == 160);
  CHECK(index.is_complete);
}

TEST_CASE("catalog: foreign, empty and repeated items are left out", "[replica]") {
  const auto wal = wal_item(kGenA, 0, 0, 100, false);
  const auto snapshot = snapshot_item(kGenA, 0, 0);
  const auto generation = generation_of(kGenA, {snapshot, snapshot, snapshot_item(kGenB, 9, 0)},
                                        {wal, wal, wal_item(kGenB, 1, 0, 10, true), wal_item(kGenA, 5, 0, 0, false)});
  CHECK(generation.snapshots.size() == 1);
  REQUIRE(generation.indexes.size() == 1);
  CHECK(generation.indexes[0].items.size() == 1);
}

// Positions near 2^64 would wrap around: a plan's loop over indexes would never end, and sums of offsets be small.
TEST_CASE("catalog: items with numbers that nothing can have are left out", "[replica][security]") {
  constexpr auto kMax = std::uint64_t{INT64_MAX};
  for (const auto& item : {wal_item(kGenA, UINT64_MAX, 0, 100, true), wal_item(kGenA, kMax, 0, 100, true),
                           wal_item(kGenA, 0, UINT64_MAX - 10, 100, true), wal_item(kGenA, 0, kMax - 10, 100, true),
                           wal_item(kGenA, 0, 0, UINT64_MAX, true), snapshot_item(kGenA, UINT64_MAX, 0)}) {
    CAPTURE(item.position.index, item.position.offset, item.size_bytes);
    CHECK_FALSE(has_possible_numbers(item));
    const bool is_wal = item.kind == ItemKind::wal;
    CHECK(generation_of(kGenA, is_wal ? std::vector<Item>{} : std::vector{item},
                        is_wal ? std::vector{item} : std::vector<Item>{})
              .is_empty());
  }
  const auto last = wal_item(kGenA, kMax - 1, 100, kMax - 100, true);
  CHECK(has_possible_numbers(last));
  CHECK(generation_of(kGenA, {}, {last}).indexes.size() == 1);
}

TEST_CASE("catalog: reach ends at the first gap and names it", "[replica]") {
  const auto snapshot = snapshot_item(kGenA, 1, 50);
  const auto reach = [&](std::vector<Item> wal) {
    return reach_from(generation_of(kGenA, {snapshot}, std::move(wal)), snapshot);
  };
  const auto one = wal_item(kGenA, 1, 0, 100, true);
  const auto two = wal_item(kGenA, 2, 0, 200, true);
  const auto three = wal_item(kGenA, 3, 0, 300, false);

  SECTION("no WAL at all: the snapshot is the end") {
    CHECK(reach({}).end == db::IndexOffset{1, 50});
    CHECK_FALSE(reach({}).missing.has_value());
  }
  SECTION("WAL that ends before the snapshot") {
    CHECK(reach({wal_item(kGenA, 1, 0, 40, false)}).end == db::IndexOffset{1, 50});
    CHECK_FALSE(reach({wal_item(kGenA, 1, 0, 40, false)}).missing.has_value());
    CHECK_FALSE(reach({wal_item(kGenA, 0, 0, 40, true)}).missing.has_value());
  }
  SECTION("whole") {
    CHECK(reach({one, two, three}).end == db::IndexOffset{3, 300});
    CHECK_FALSE(reach({one, two, three}).missing.has_value());
  }
  SECTION("a missing index") {
    CHECK(reach({one, three}).end == db::IndexOffset{1, 100});
    CHECK(reach({one, three}).missing == db::IndexOffset{2, 0});
  }
  SECTION("the snapshot's own index is missing") {
    CHECK(reach({two}).end == db::IndexOffset{1, 50});
    CHECK(reach({two}).missing == db::IndexOffset{1, 0});
  }
  SECTION("an index that does not say it is complete") {
    CHECK(reach({wal_item(kGenA, 1, 0, 100, false), two}).missing == db::IndexOffset{1, 100});
  }
  SECTION("the bytes up to the snapshot are missing and later ones are not") {
    CHECK(reach({wal_item(kGenA, 1, 50, 50, true), two}).missing == db::IndexOffset{1, 0});
  }
}

TEST_CASE("catalog: generations are in the order of their newest data", "[replica]") {
  const auto catalog = make_catalog(
      {generation_of(kGenA, {snapshot_item(kGenA, 0, 0, 500)}, {}),
       generation_of(kGenB, {snapshot_item(kGenB, 0, 0, 100)}, {wal_item(kGenB, 0, 0, 10, false, {200, 400})}),
       generation_of(kGenC, {snapshot_item(kGenC, 0, 0)}, {})});
  REQUIRE(catalog.generations.size() == 3);
  CHECK(catalog.generations[0].name == kGenC);
  CHECK(catalog.generations[1].name == kGenB);
  CHECK(catalog.generations[1].first_ns == 100);
  CHECK(catalog.generations[1].last_ns == 400);
  CHECK(catalog.generations[2].name == kGenA);
  CHECK(catalog.find(kGenB)->name == kGenB);
  CHECK(catalog.find("0000000000000000") == nullptr);
}
