#include "replica/restore_plan.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "unit/replica/items.hpp"

using namespace lshost;
using namespace lshost::replica;
using namespace lshost::test;

namespace {

using Times = std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<CommitTime>>;

CommitTimesOf times_from(Times times) {
  return [times = std::move(times)](const Item& item) {
    const auto at = times.find({item.position.index, item.position.offset});
    return at == times.end() ? std::vector<CommitTime>{} : at->second;
  };
}

RestorePlan plan_of(const PlanResult& result) {
  if (const auto* refusal = std::get_if<Refusal>(&result)) FAIL("refused: " << refusal->reason);
  return std::get<RestorePlan>(result);
}
Refusal refusal_of(const PlanResult& result) {
  if (const auto* plan = std::get_if<RestorePlan>(&result)) FAIL("planned: " << db::to_string(plan->target));
  return std::get<Refusal>(result);
}

RestoreRequest latest(std::optional<std::string> generation = {}) { return {LatestTarget{}, std::move(generation)}; }
RestoreRequest at_time(UnixNanos ns, std::optional<std::string> generation = {}) {
  return {TimeTarget{ns}, std::move(generation)};
}
RestoreRequest at_position(std::uint64_t index, std::uint64_t offset, std::optional<std::string> generation = {}) {
  return {PositionTarget{{index, offset}}, std::move(generation)};
}

/// Index 0: [0,1000) committed 100..190; index 1: [0,500) at 200..250; index 2: two segments at 300 and 310..320.
struct OneGeneration {
  Item first = snapshot_item(kGenA, 0, 200, 120);
  Item second = snapshot_item(kGenA, 1, 300, 230);
  Item zero = wal_item(kGenA, 0, 0, 1000, true, {100, 190});
  Item one = wal_item(kGenA, 1, 0, 500, true, {200, 250});
  Item two_a = wal_item(kGenA, 2, 0, 100, false, {300, 300});
  Item two_b = wal_item(kGenA, 2, 100, 200, false, {310, 320});
  CommitTimesOf times = times_from({{{0, 0}, {{100, 100}, {200, 120}, {600, 150}, {1000, 190}}},
                                    {{1, 0}, {{200, 200}, {300, 230}, {500, 250}}},
                                    {{2, 0}, {{100, 300}}},
                                    {{2, 100}, {{200, 310}, {300, 320}}}});
  [[nodiscard]] Catalog catalog() const {
    return make_catalog({generation_of(kGenA, {first, second}, {zero, one, two_a, two_b})});
  }
};

}  // namespace

TEST_CASE("plan: latest takes the newest snapshot and everything after it", "[replica][plan]") {
  const OneGeneration g;
  const auto plan = plan_of(plan_restore(g.catalog(), latest(), g.times));
  CHECK(plan.snapshot == g.second);
  CHECK(plan.target == db::Position{kGenA, 2, 300});
  REQUIRE(plan.steps.size() == 2);
  CHECK(plan.steps[0].index == 1);
  CHECK(plan.steps[0].size_bytes == 500);
  CHECK(plan.steps[1].pieces.size() == 2);
  CHECK(plan.steps[1].size_bytes == 300);
  CHECK(plan.as_of_ns == 320);
  CHECK(plan.wal_bytes() == 800);
  CHECK(plan.note.empty());
}

TEST_CASE("plan: a position uses the newest snapshot that is not after it", "[replica][plan]") {
  const OneGeneration g;
  struct Case {
    std::uint64_t index, offset;
    const Item* snapshot;
    std::size_t steps;
    std::uint64_t last_bytes;
    UnixNanos as_of;
  };
  for (const Case& c :
       {Case{0, 200, &g.first, 0, 0, 120}, Case{0, 600, &g.first, 1, 600, 150}, Case{0, 1000, &g.first, 1, 1000, 190},
        Case{1, 0, &g.first, 1, 1000, 190}, Case{1, 200, &g.first, 2, 200, 200}, Case{1, 300, &g.second, 0, 0, 230},
        Case{1, 500, &g.second, 1, 500, 250}, Case{2, 0, &g.second, 1, 500, 250}, Case{2, 100, &g.second, 2, 100, 300},
        Case{2, 200, &g.second, 2, 200, 310}}) {
    CAPTURE(c.index, c.offset);
    const auto plan = plan_of(plan_restore(g.catalog(), at_position(c.index, c.offset), g.times));
    CHECK(plan.snapshot == *c.snapshot);
    CHECK(plan.target == db::Position{kGenA, c.index, c.offset});
    REQUIRE(plan.steps.size() == c.steps);
    CHECK((c.steps == 0 ? 0 : plan.steps.back().size_bytes) == c.last_bytes);
    CHECK(plan.as_of_ns == c.as_of);
  }
}

TEST_CASE("plan: positions that the replica does not hold are refused by name", "[replica][plan]") {
  const OneGeneration g;
  const auto reason = [&](std::uint64_t index, std::uint64_t offset) {
    return refusal_of(plan_restore(g.catalog(), at_position(index, offset), g.times)).reason;
  };
  CHECK(reason(0, 100) ==
        "position aaaaaaaaaaaaaaaa/00000000:0000000000000064 is before the first snapshot, which is of "
        "aaaaaaaaaaaaaaaa/00000000:00000000000000c8");
  CHECK(reason(2, 301) ==
        "position aaaaaaaaaaaaaaaa/00000002:000000000000012d is after the end of what the replica holds, which is "
        "aaaaaaaaaaaaaaaa/00000002:000000000000012c");
  CHECK(reason(3, 0).find("is after the end") != std::string::npos);  // index 2 may still grow
  CHECK(reason(1, 501) ==
        "position aaaaaaaaaaaaaaaa/00000001:00000000000001f5 does not exist: its index ends at "
        "aaaaaaaaaaaaaaaa/00000001:00000000000001f4");
}

TEST_CASE("plan: a gap is refused with the first missing position and how far a restore can go", "[replica][plan]") {
  const OneGeneration g;
  const auto refuse = [&](std::vector<Item> snapshots, std::vector<Item> wal, const RestoreRequest& request) {
    return refusal_of(
        plan_restore(make_catalog({generation_of(kGenA, std::move(snapshots), std::move(wal))}), request, g.times));
  };
  SECTION("an index is missing") {
    const auto refusal = refuse({g.first}, {g.zero, g.two_a, g.two_b}, latest());
    CHECK(refusal.missing == db::Position{kGenA, 1, 0});
    CHECK(refusal.reason == "wal from aaaaaaaaaaaaaaaa/00000001:0000000000000000 is missing");
    CHECK(refusal.hint.find("--position 00000000:00000000000003e8") != std::string::npos);
  }
  SECTION("a segment is missing") {
    Item late = g.two_b;
    late.position.offset = 140;
    CHECK(refuse({g.second}, {g.one, g.two_a, late}, latest()).missing == db::Position{kGenA, 2, 100});
  }
  SECTION("an index was cut at a frame boundary") {
    Item cut = g.one;
    cut.size_bytes = 300;
    cut.index_complete = false;
    CHECK(refuse({g.second}, {cut, g.two_a}, latest()).missing == db::Position{kGenA, 1, 300});
    CHECK(refuse({g.first}, {g.zero, cut, g.two_a}, at_position(1, 400)).missing == db::Position{kGenA, 1, 300});
  }
  SECTION("a time behind the gap, in it, and at its edge") {
    CHECK(refuse({g.first}, {g.zero, g.two_a, g.two_b}, at_time(315)).missing == db::Position{kGenA, 1, 0});
    CHECK(refuse({g.first}, {g.zero, g.two_a, g.two_b}, at_time(195)).missing == db::Position{kGenA, 1, 0});
  }
  SECTION("the newest snapshot is behind the gap: nothing is missing") {
    const auto catalog = make_catalog({generation_of(kGenA, {g.first, g.second}, {g.one, g.two_a, g.two_b})});
    CHECK(plan_of(plan_restore(catalog, latest(), g.times)).snapshot == g.second);
    CHECK(refuse({g.first, g.second}, {g.one, g.two_a, g.two_b}, at_position(0, 600)).missing ==
          db::Position{kGenA, 0, 0});
  }
}

TEST_CASE("plan: a time takes what was committed by then and nothing after", "[replica][plan]") {
  const OneGeneration g;
  struct Case {
    UnixNanos ns;
    std::uint64_t index, offset;
    const Item* snapshot;
  };
  for (const Case& c : {Case{120, 0, 200, &g.first}, Case{149, 0, 200, &g.first}, Case{150, 0, 600, &g.first},
                        Case{189, 0, 600, &g.first}, Case{190, 0, 1000, &g.first}, Case{199, 0, 1000, &g.first},
                        Case{200, 1, 200, &g.first}, Case{229, 1, 200, &g.first}, Case{230, 1, 300, &g.second},
                        Case{260, 1, 500, &g.second}, Case{300, 2, 100, &g.second}, Case{310, 2, 200, &g.second},
                        Case{319, 2, 200, &g.second}, Case{320, 2, 300, &g.second}}) {
    CAPTURE(c.ns);
    const auto plan = plan_of(plan_restore(g.catalog(), at_time(c.ns), g.times));
    CHECK(plan.target == db::Position{kGenA, c.index, c.offset});
    CHECK(plan.snapshot == *c.snapshot);
    CHECK(plan.as_of_ns <= c.ns);
    CHECK(plan.note.empty() == (c.ns < 320));
  }
  const auto after = plan_of(plan_restore(g.catalog(), at_time(5000), g.times));
  CHECK(after.target == db::Position{kGenA, 2, 300});
  CHECK(after.note.find("latest state") != std::string::npos);
  const auto before = refusal_of(plan_restore(g.catalog(), at_time(119), g.times));
  CHECK(before.nothing_to_restore);
}

TEST_CASE("plan: times that the destination does not know", "[replica][plan]") {
  const OneGeneration g;
  const auto no_times = times_from({});
  SECTION("only per item: an item that straddles the time is left out, and the plan says so") {
    const auto plan = plan_of(plan_restore(g.catalog(), at_time(315), no_times));
    CHECK(plan.target == db::Position{kGenA, 2, 100});
    CHECK(plan.note.find("per segment only") != std::string::npos);
  }
  SECTION("none for the WAL") {
    Item blind = g.zero;
    blind.created_ns = blind.updated_ns = 0;
    const auto catalog = make_catalog({generation_of(kGenA, {g.first}, {blind})});
    CHECK(refusal_of(plan_restore(catalog, at_time(150), no_times)).hint == "Use --position instead of --timestamp.");
    CHECK(plan_of(plan_restore(catalog, at_time(150), g.times)).target.offset == 600);
  }
  SECTION("none for the snapshots") {
    const auto catalog = make_catalog({generation_of(kGenA, {snapshot_item(kGenA, 0, 0)}, {g.zero})});
    CHECK(refusal_of(plan_restore(catalog, at_time(150, kGenA), g.times)).reason.find("times of its snapshots") !=
          std::string::npos);
  }
}

TEST_CASE("plan: which generation", "[replica][plan]") {
  const auto a =
      generation_of(kGenA, {snapshot_item(kGenA, 0, 0, 100)}, {wal_item(kGenA, 0, 0, 50, false, {110, 200})});
  const auto b =
      generation_of(kGenB, {snapshot_item(kGenB, 0, 40, 320)}, {wal_item(kGenB, 0, 0, 60, false, {300, 400})});
  const auto catalog = make_catalog({a, b});
  const auto times = times_from({{{0, 0}, {{60, 400}}}});

  CHECK(plan_of(plan_restore(catalog, latest(), times)).target.generation == kGenB);
  CHECK(plan_of(plan_restore(catalog, latest(kGenA), times)).target == db::Position{kGenA, 0, 50});
  CHECK(plan_of(plan_restore(catalog, at_position(0, 60), times)).target.generation == kGenB);
  CHECK(plan_of(plan_restore(catalog, at_position(0, 0, kGenA), times)).target.generation == kGenA);

  CHECK(plan_of(plan_restore(catalog, at_time(320), times)).target == db::Position{kGenB, 0, 40});
  CHECK(plan_of(plan_restore(catalog, at_time(500), times)).target == db::Position{kGenB, 0, 60});
  SECTION("between two generations it is the end of the older one") {
    const auto plan = plan_of(plan_restore(catalog, at_time(250), times));
    CHECK(plan.target == db::Position{kGenA, 0, 50});
    CHECK(plan.note.find("latest state") != std::string::npos);
  }
  SECTION("transactions of before the time that no snapshot reaches are not silently left out") {
    const auto refusal = refusal_of(plan_restore(catalog, at_time(310), times));
    CHECK(refusal.reason.find(kGenB) != std::string::npos);
    CHECK(refusal.hint.find("--generation " + kGenA) != std::string::npos);
    CHECK(plan_of(plan_restore(catalog, at_time(310, kGenA), times)).target == db::Position{kGenA, 0, 50});
  }
  SECTION("the newest has no snapshot: an older state is not given in its place") {
    const auto c = generation_of(kGenC, {}, {wal_item(kGenC, 0, 0, 60, false, {500, 600})});
    const auto refusal = refusal_of(plan_restore(make_catalog({a, b, c}), latest(), times));
    CHECK_FALSE(refusal.nothing_to_restore);
    CHECK(refusal.reason.find(kGenC) != std::string::npos);
    CHECK(plan_of(plan_restore(make_catalog({a, b, c}), at_time(450), times)).target.generation == kGenB);
  }
  SECTION("an empty generation is nothing") {
    const auto empty = generation_of(kGenC, {}, {});
    CHECK(plan_of(plan_restore(make_catalog({a, b, empty}), latest(), times)).target.generation == kGenB);
    CHECK(refusal_of(plan_restore(make_catalog({empty}), latest(), times)).nothing_to_restore);
    CHECK(refusal_of(plan_restore(make_catalog({a, empty}), latest(kGenC), times)).nothing_to_restore);
  }
  SECTION("nothing at all") {
    CHECK(refusal_of(plan_restore({}, latest(), times)).nothing_to_restore);
    CHECK(refusal_of(plan_restore({}, at_time(5), times)).nothing_to_restore);
    CHECK(refusal_of(plan_restore(catalog, at_time(99), times)).nothing_to_restore);
  }
  SECTION("unknown age") {
    const auto c = generation_of(kGenC, {snapshot_item(kGenC, 0, 0)}, {});
    CHECK(refusal_of(plan_restore(make_catalog({a, c}), latest(), times)).hint.find("--generation") !=
          std::string::npos);
    CHECK(plan_of(plan_restore(make_catalog({c}), latest(), times)).target.generation == kGenC);
  }
}

namespace {

/// A history as a model: a transaction is a byte range of one index and a time.
struct Model {
  struct Transaction {
    db::IndexOffset begin, end;
    UnixNanos ns;
  };
  std::vector<Transaction> transactions;
  std::vector<Item> snapshots;
  std::vector<Item> wal;
  Times times;
};

Model random_model(std::mt19937& random) {
  const auto up_to = [&](unsigned n) { return static_cast<unsigned>(random() % (n + 1)); };
  Model model;
  UnixNanos now = 1000;
  const std::uint64_t first_index = up_to(3);
  const std::uint64_t index_count = 1 + up_to(4);
  for (std::uint64_t index = first_index; index < first_index + index_count; ++index) {
    const bool is_last = index + 1 == first_index + index_count;
    std::uint64_t offset = 0;
    std::uint64_t segment_begin = 0;
    std::vector<CommitTime> times;
    const unsigned count = 1 + up_to(5);
    for (unsigned i = 0; i < count; ++i) {
      const std::uint64_t end = offset + 10 + up_to(20);
      now += up_to(3);
      model.transactions.push_back({{index, offset}, {index, end}, now});
      times.push_back({end, now});
      offset = end;
      if (up_to(4) == 0) model.snapshots.push_back(snapshot_item(kGenA, index, offset, now));
      if (i + 1 == count || up_to(2) == 0) {
        model.wal.push_back(wal_item(kGenA, index, segment_begin, offset - segment_begin, i + 1 == count && !is_last,
                                     {times.front().commit_ns, now}));
        model.times[{index, segment_begin}] = times;
        times.clear();
        segment_begin = offset;
      }
    }
  }
  return model;
}

/// True if replaying the plan applies every transaction up to `target` that the snapshot does not hold.
bool covers(const Model& model, const RestorePlan& plan, db::IndexOffset target) {
  for (const auto& transaction : model.transactions) {
    if (transaction.end <= place_of(plan.snapshot.position) || transaction.end > target) continue;
    bool found = false;
    for (const IndexStep& step : plan.steps) {
      if (step.index != transaction.end.index) continue;
      std::uint64_t at = 0;
      for (const WalPiece& piece : step.pieces) {
        if (piece.item.position.offset + piece.skip_bytes != at) return false;
        at += piece.size_bytes;
      }
      found = at == step.size_bytes && transaction.end.offset <= at;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

// Goal: whatever was removed from a replica, a plan either gives the very state that was asked for, or is refused.
// Method: random histories, a random subset of objects gone, all three targets; the model knows what a target means.
TEST_CASE("plan: with any objects missing it is right or refused", "[replica][plan][random]") {
  const unsigned seed = GENERATE(take(40, random(0U, 1U << 30)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::size_t planned = 0;
  for (int round = 0; round < 50; ++round) {
    const Model model = random_model(random);
    const unsigned keep_percent = round % 5 == 0 ? 100 : 60 + static_cast<unsigned>(random() % 40);
    const auto thinned = [&](std::vector<Item> items) {
      std::erase_if(items, [&](const Item&) { return random() % 100 >= keep_percent; });
      std::shuffle(items.begin(), items.end(), random);
      return items;
    };
    const auto generation = generation_of(kGenA, thinned(model.snapshots), thinned(model.wal));
    const Catalog catalog = make_catalog({generation});
    const auto times = times_from(model.times);
    const db::IndexOffset held_end = generation.is_empty() ? db::IndexOffset{} : generation.end();
    const auto check = [&](const RestoreRequest& request, db::IndexOffset wanted) {
      const auto result = plan_restore(catalog, request, times);
      const auto* plan = std::get_if<RestorePlan>(&result);
      if (plan == nullptr) {
        CHECK_FALSE(std::get<Refusal>(result).reason.empty());
        return false;
      }
      ++planned;
      REQUIRE(place_of(plan->target) == wanted);
      REQUIRE(place_of(plan->snapshot.position) <= wanted);
      REQUIRE(covers(model, *plan, wanted));
      return true;
    };

    const bool latest_ok = check(latest(), held_end);
    if (keep_percent == 100 && !model.snapshots.empty()) REQUIRE(latest_ok);
    for (const auto& transaction : model.transactions) {
      check(at_position(transaction.end.index, transaction.end.offset), transaction.end);
      // Several transactions may share a time: the target is the last of them, or the end of what is left.
      db::IndexOffset wanted;
      for (const auto& other : model.transactions) {
        if (other.ns <= transaction.ns) wanted = std::max(wanted, other.end);
      }
      check(at_time(transaction.ns), std::min(wanted, held_end));
    }
  }
  CHECK(planned > 100);
}

// What a destination lists may be made up; whoever has it must not be able to do more than to have a restore refused.
TEST_CASE("plan: an index that is the last number there is ends a plan, and nothing wraps around", "[replica][plan]") {
  const std::uint64_t last = INT64_MAX - 1;  // larger ones are no numbers of ours, and left out
  const auto catalog = make_catalog(
      {generation_of(kGenA, {snapshot_item(kGenA, last, 0, 100)},
                     {wal_item(kGenA, 0, 0, 50, true, {1, 2}), wal_item(kGenA, last, 0, 100, true, {3, 4})})});
  const auto plan = plan_of(plan_restore(catalog, latest(), times_from({})));
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].index == last);
  CHECK(plan.target == db::Position{kGenA, last, 100});

  const auto stranded =
      make_catalog({generation_of(kGenA, {snapshot_item(kGenA, last, 0, 100)},
                                  {wal_item(kGenA, 0, 0, 50, true, {1, 2}), wal_item(kGenA, last, 0, 100, true, {3, 4}),
                                   wal_item(kGenA, last, 200, 100, true, {5, 6})})});
  CHECK(refusal_of(plan_restore(stranded, latest(), times_from({}))).missing == db::Position{kGenA, last, 100});
}

TEST_CASE("plan: a commit time behind its segment takes nothing along that is not there", "[replica][plan]") {
  const auto catalog = make_catalog(
      {generation_of(kGenA, {snapshot_item(kGenA, 0, 0, 100)}, {wal_item(kGenA, 0, 0, 300, false, {110, 500})})});
  const auto times = times_from({{{0, 0}, {{100, 110}, {100'000, 120}}}});
  const auto plan = plan_of(plan_restore(catalog, at_time(200), times));
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].size_bytes == 300);
  CHECK(plan.steps[0].pieces.size() == 1);
}
