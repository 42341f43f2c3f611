#include "support/store_conformance.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

#include "check/outcome.hpp"
#include "check/store_cases.hpp"
#include "engine/store.hpp"
#include "support/wait_until.hpp"

namespace lshost::test::conformance {
namespace {

using engine::Store;

/// A store at a place of its own.
struct Place {
  explicit Place(const StoreKind& kind)
      : host(kind.fresh_place()), store(v1::detail::ExportStore(kind.make(host.context()))) {}
  FakeHost host;
  Store store;
};

/// One of the cases of `lshost plugin check`, on a store that is not in a plugin.
void run_case(const StoreKind& kind, std::string_view name) {
  Place place(kind);
  const auto found = std::ranges::find(check::store_cases(), name, &check::StoreCase::name);
  REQUIRE(found != check::store_cases().end());
  try {
    found->run(place.store, {kind.keeps_existing});
  } catch (const check::Failed& failed) {
    FAIL(failed.what());
  } catch (const check::Skipped& skipped) {
    WARN(skipped.what());
  }
}

}  // namespace

// ---- the store: host/check/store_cases.cpp has them, for plugins of others, too ----

void objects_come_back(const StoreKind& kind) { run_case(kind, "store-objects"); }
void size_may_be_unknown(const StoreKind& kind) { run_case(kind, "store-unknown-size"); }
void put_replaces(const StoreKind& kind) { run_case(kind, "store-replace"); }
void put_is_atomic(const StoreKind& kind) { run_case(kind, "store-atomic"); }
void put_new_keeps(const StoreKind& kind) { run_case(kind, "store-put-new"); }
void one_put_new_wins(const StoreKind& kind) { run_case(kind, "store-put-new-race"); }
void failed_body_stores_nothing(const StoreKind& kind) { run_case(kind, "store-failed-body"); }
void cancelled_body_stores_nothing(const StoreKind& kind) { run_case(kind, "store-cancelled-body"); }
void ranges(const StoreKind& kind) { run_case(kind, "store-ranges"); }
void missing_objects(const StoreKind& kind) { run_case(kind, "store-missing"); }
void list_by_prefix(const StoreKind& kind) { run_case(kind, "store-prefix"); }
void list_many(const StoreKind& kind) { run_case(kind, "store-list-many"); }
void remove_many(const StoreKind& kind) { run_case(kind, "store-remove-many"); }
void odd_keys(const StoreKind& kind) { run_case(kind, "store-odd-keys"); }
void calls_at_once(const StoreKind& kind) { run_case(kind, "store-at-once"); }

// ---- the engine on it ----

namespace {

/// A database with a replica at a place of its own.
struct World {
  explicit World(const StoreKind& kind, ConfigValues more = {})
      : host(merged(kind.fresh_place(), std::move(more))), replica(host, kind.make, kind.type) {
    host.new_generation();
    host.commit("CREATE TABLE t(x)");
    insert();
  }
  static ConfigValues merged(ConfigValues values, ConfigValues more) {
    values.emplace("sync-interval", std::chrono::nanoseconds(0));
    values.merge(more);
    return values;
  }
  Position insert() { return host.commit("INSERT INTO t VALUES(hex(randomblob(3000)))"); }
  void next_index() {
    host.restart_wal(FakeHost::Finish::with_next_run);
    insert();
  }
  [[nodiscard]] std::string generation() const { return host.tip().generation; }
  void check_restorable() { CHECK((replica.restore(generation()) == host.image_at(host.tip()))); }

  FakeHost host;
  StoreReplica replica;
};

}  // namespace

void engine_replicates(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  for (int index = 0; index < 3; ++index) {
    for (int i = 0; i < 5; ++i) REQUIRE(world.host.wait_until_durable(world.insert()));
    world.next_index();
  }
  world.host.commit("VACUUM");
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.check_restorable();
  CHECK(world.host.errors().empty());
  CHECK(world.host.snapshots_opened() == 1);
  for (const auto& tip : world.host.all_tips()) {
    if (tip < world.host.snapshots().front()) continue;
    CAPTURE(tip.ToString());
    CHECK((world.replica.restore(tip.generation, tip) == world.host.image_at(tip)));
  }
}

void engine_goes_on_after_a_restart(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  for (int i = 0; i < 3; ++i) {
    world.replica.stop();
    world.insert();
    if (i == 1) world.next_index();
    REQUIRE(world.replica.run_until_durable());
    world.check_restorable();
  }
  CHECK(world.host.snapshots_opened() == 1);
  CHECK(world.host.errors().empty());
}

void engine_is_quiet(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  REQUIRE(world.host.wait_until_state(LSHOST_STATE_STREAMING));
  const auto said = world.host.reported().size();
  const auto given = world.host.wal_bytes_given();
  CHECK_FALSE(wait_until([&] { return world.host.reported().size() != said; }, std::chrono::milliseconds(100)));
  CHECK(world.host.wal_bytes_given() == given);
  CHECK_FALSE(world.replica.snapshotting());
}

void engine_takes_snapshots(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  world.next_index();
  world.host.commit("CREATE TABLE big(x)");
  world.host.commit("INSERT INTO big VALUES(randomblob(3000000))");
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.host.set_snapshot_due();
  REQUIRE(world.host.wait_until([](const auto& said) { return said.snapshots.size() == 2; }));
  world.insert();
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.check_restorable();
  CHECK(world.replica.items(ItemKind::Snapshot, world.generation()).size() == 2);
}

void engine_removes(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  const auto first = world.generation();
  world.next_index();
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.host.set_snapshot_due();
  REQUIRE(world.host.wait_until([](const auto& said) { return said.snapshots.size() == 2; }));
  std::vector<Item> old;
  for (const auto& item : world.replica.items(ItemKind::Snapshot, first)) {
    if (item.position.index == 0) old.push_back(item);
  }
  for (const auto& item : world.replica.items(ItemKind::Wal, first)) {
    if (item.position.index == 0) old.push_back(item);
  }
  REQUIRE(old.size() >= 2);
  world.replica.remove(old);
  world.replica.remove(old);  // a missing one is no error
  CHECK(world.replica.items(ItemKind::Snapshot, first).size() == 1);
  world.check_restorable();

  world.host.new_generation();
  world.insert();
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  CHECK(world.replica.items(ItemKind::Generation, "").size() == 2);
  Item generation;
  generation.position.generation = first;
  world.replica.remove({generation});
  const auto left = world.replica.items(ItemKind::Generation, "");
  REQUIRE(left.size() == 1);
  CHECK(left[0].position.generation == world.generation());
  world.check_restorable();
}

void engine_probes(const StoreKind& kind) {
  World world(kind);
  world.replica.probe();
  world.replica.probe();
  CHECK(world.replica.items(ItemKind::Generation, "").empty());
  REQUIRE(world.replica.run_until_durable());
  world.replica.probe();
  world.check_restorable();
}

}  // namespace lshost::test::conformance
