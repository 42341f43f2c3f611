#include "replica/retention.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "replica/restore_plan.hpp"
#include "unit/replica/items.hpp"

using namespace lshost;
using namespace lshost::replica;
using namespace lshost::test;

namespace {

std::vector<Item> let_go(std::vector<GenerationEntry> generations, std::int64_t retention, UnixNanos now) {
  return plan_retention(make_catalog(std::move(generations)), {std::chrono::nanoseconds(retention)}, now);
}

bool contains(const std::vector<Item>& items, const Item& wanted) {
  return std::find(items.begin(), items.end(), wanted) != items.end();
}

const std::vector<Item> kNothing;

}  // namespace

TEST_CASE("retention: what lies before the newest snapshot outside the window goes", "[replica][retention]") {
  const auto s0 = snapshot_item(kGenA, 0, 32, 100);
  const auto s2 = snapshot_item(kGenA, 2, 64, 200);
  const auto s4 = snapshot_item(kGenA, 4, 0, 300);
  std::vector<Item> wal;
  for (std::uint64_t i = 0; i < 6; ++i) {
    const auto ns = static_cast<UnixNanos>(100 + i * 50);
    wal.push_back(wal_item(kGenA, i, 0, 100, i < 5, {ns, ns + 40}));
  }
  const auto generation = generation_of(kGenA, {s0, s2, s4}, wal);

  CHECK(let_go({generation}, 150, 345) == kNothing);  // the window begins at 195: only s0 is before it
  CHECK(let_go({generation}, 150, 350) == std::vector<Item>{s0, wal[0], wal[1]});
  CHECK(let_go({generation}, 150, 449) == std::vector<Item>{s0, wal[0], wal[1]});
  CHECK(let_go({generation}, 150, 450) == std::vector<Item>{s0, s2, wal[0], wal[1], wal[2], wal[3]});
  CHECK(let_go({generation}, 150, 1'000'000) == std::vector<Item>{s0, s2, wal[0], wal[1], wal[2], wal[3]});
  CHECK(let_go({generation}, 0, 1'000'000) == kNothing);
  CHECK(let_go({generation}, 2'000'000, 1'000'000) == kNothing);
}

TEST_CASE("retention: a snapshot of unknown time is no base", "[replica][retention]") {
  const auto s0 = snapshot_item(kGenA, 0, 32, 100);
  const auto s2 = snapshot_item(kGenA, 2, 64);
  CHECK(let_go({generation_of(kGenA, {s0, s2}, {wal_item(kGenA, 0, 0, 100, true)})}, 10, 5000) == kNothing);
}

TEST_CASE("retention: an old generation goes when a newer one takes over the whole window", "[replica][retention]") {
  const auto sa = snapshot_item(kGenA, 0, 32, 100);
  const auto wa = wal_item(kGenA, 0, 0, 100, false, {100, 200});
  const auto old = generation_of(kGenA, {sa}, {wa});
  const auto sb = snapshot_item(kGenB, 0, 0, 300);
  const auto wb = wal_item(kGenB, 0, 0, 100, false, {310, 400});
  const auto newer = generation_of(kGenB, {sb}, {wb});

  Item whole;
  whole.position.generation = kGenA;
  whole.updated_ns = 200;
  CHECK(let_go({old, newer}, 100, 400) == std::vector<Item>{sa, wa, whole});
  CHECK(let_go({newer, old}, 100, 400) == std::vector<Item>{sa, wa, whole});

  SECTION("not while a time in the window is answered by its end") {
    CHECK(let_go({old, newer}, 100, 399) == kNothing);
  }
  SECTION("not while its data is in the window") { CHECK(let_go({old, newer}, 100, 300) == kNothing); }
  SECTION("not if the newer one has no snapshot") {
    CHECK(let_go({old, generation_of(kGenB, {}, {wb})}, 100, 5000) == kNothing);
  }
  SECTION("not if the newer one has a gap") {
    const auto gap = wal_item(kGenB, 2, 0, 100, false, {410, 420});
    CHECK(let_go({old, generation_of(kGenB, {sb}, {wb, gap})}, 100, 5000) == kNothing);
  }
  SECTION("but if the newer one has a snapshot behind its gap") {
    const auto gap = wal_item(kGenB, 2, 0, 100, false, {410, 420});
    const auto behind = snapshot_item(kGenB, 2, 50, 415);
    const auto removed = let_go({old, generation_of(kGenB, {sb, behind}, {wb, gap})}, 100, 5000);
    CHECK(contains(removed, sa));
  }
  SECTION("not if its own times are not known, or those of the newer one") {
    CHECK(let_go({generation_of(kGenA, {snapshot_item(kGenA, 0, 0)}, {}), newer}, 100, 5000) == kNothing);
    CHECK(let_go({old, generation_of(kGenB, {snapshot_item(kGenB, 0, 0)}, {})}, 100, 5000) == kNothing);
  }
  SECTION("and never the only one") { CHECK(let_go({old}, 100, 5000) == kNothing); }
}

namespace {

std::vector<Item> items_of(const GenerationEntry& generation) {
  std::vector<Item> items = generation.snapshots;
  for (const auto& index : generation.indexes) items.insert(items.end(), index.items.begin(), index.items.end());
  return items;
}

GenerationEntry without(const GenerationEntry& generation, const std::vector<Item>& removed, std::size_t count) {
  std::vector<Item> snapshots;
  std::vector<Item> wal;
  for (const Item& item : items_of(generation)) {
    const auto end = removed.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::find(removed.begin(), end, item) != end) continue;
    (item.kind == ItemKind::snapshot ? snapshots : wal).push_back(item);
  }
  return generation_of(generation.name, std::move(snapshots), std::move(wal));
}

GenerationEntry random_generation(std::mt19937& random, const std::string& name, UnixNanos& now) {
  std::vector<Item> snapshots;
  std::vector<Item> wal;
  const unsigned count = 1 + static_cast<unsigned>(random() % 6);
  for (std::uint64_t index = 0; index < count; ++index) {
    const UnixNanos begin = now += 1 + static_cast<UnixNanos>(random() % 20);
    if (index == 0 || random() % 3 == 0) snapshots.push_back(snapshot_item(name, index, 50, begin));
    const UnixNanos end = now += static_cast<UnixNanos>(random() % 20);
    if (random() % 8 != 0) wal.push_back(wal_item(name, index, 0, 100, index + 1 < count, {begin, end}));
  }
  return generation_of(name, std::move(snapshots), std::move(wal));
}

}  // namespace

// Goal: no time of the window that could be restored before is lost, however far the removal got.
// Method: random replicas with gaps; remove the first k items of the plan for each k; compare plans for each time.
TEST_CASE("retention: every time of the window stays restorable, at any point of the removal",
          "[replica][retention][random]") {
  const unsigned seed = GENERATE(take(30, random(0U, 1U << 30)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const CommitTimesOf no_times = [](const Item&) { return std::vector<CommitTime>{}; };
  std::size_t removals = 0;
  for (int round = 0; round < 20; ++round) {
    UnixNanos now = 1000;
    std::vector<GenerationEntry> generations;
    for (const auto& name : {kGenA, kGenB, kGenC}) generations.push_back(random_generation(random, name, now));
    const auto retention = static_cast<std::int64_t>(1 + random() % 150);
    const Catalog before = make_catalog(generations);
    const auto removed = plan_retention(before, {std::chrono::nanoseconds(retention)}, now);
    removals += removed.size();

    for (std::size_t count = 0; count <= removed.size(); ++count) {
      std::vector<GenerationEntry> left;
      for (const auto& generation : generations) left.push_back(without(generation, removed, count));
      const Catalog after = make_catalog(left);
      std::vector<RestoreRequest> requests{{LatestTarget{}, {}}};
      for (UnixNanos ns = now - retention; ns <= now; ++ns) requests.push_back({TimeTarget{ns}, {}});
      for (const auto& request : requests) {
        const auto want = plan_restore(before, request, no_times);
        const auto got = plan_restore(after, request, no_times);
        if (const auto* plan = std::get_if<RestorePlan>(&want)) {
          REQUIRE(std::holds_alternative<RestorePlan>(got));
          REQUIRE(std::get<RestorePlan>(got).target == plan->target);
          REQUIRE(std::get<RestorePlan>(got).snapshot == plan->snapshot);
        }
      }
      if (count == removed.size()) {
        REQUIRE(plan_retention(after, {std::chrono::nanoseconds(retention)}, now).empty());
      }
    }
  }
  CHECK(removals > 0);
}
