// Goal: whatever a store does, nothing is reported that can not be restored, and replication goes on by itself.
// Method: a store that fails, delays, tears and lies at every call in turn, and hosts that die at every call.

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "base/clock.hpp"
#include "engine/fixture.hpp"
#include "support/wait_until.hpp"

using namespace lshost::test;
using lshost::ItemKind;
using lshost::Position;
using Call = Bucket::Call;
using Fate = Bucket::Fate;

namespace {

/// A history with several segments at once, several indexes and a due snapshot.
void work(Fixture& f) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 8; ++i) f.host.commit("INSERT INTO t VALUES(randomblob(25000))");
    if (round == 1) f.host.set_snapshot_due();
    f.next_index();
  }
}

ConfigValues small_segments() { return {{"segment-size", std::int64_t{65'536}}}; }

}  // namespace

TEST_CASE("engine: each call fails in each way once, and the replica is complete", "[engine][fault]") {
  const auto fate = GENERATE(Fate::fail, Fate::fail_after, Fate::tear);
  for (int victim = 0;; ++victim) {
    CAPTURE(static_cast<int>(fate), victim);
    std::atomic<int> calls{0};
    Fixture f(small_segments());
    f.host.set_one_run_per_commit(true);
    f.bucket->fate = [&](const Call&) { return calls++ == victim ? fate : Fate::ok; };
    f.replica.start();
    work(f);
    REQUIRE(f.host.wait_until_durable(f.host.tip()));
    REQUIRE(f.host.wait_until_state(LSHOST_STATE_STREAMING));
    const bool was_hit = calls > victim;
    f.bucket->fate = nullptr;
    if (was_hit && fate != Fate::tear) CHECK(f.host.errors().size() == 1);  // only what is written can be torn
    f.check_restorable();
    if (!was_hit) break;
  }
}

TEST_CASE("engine: a host that dies at any call has reported nothing that can not be restored", "[engine][fault]") {
  for (int victim = 0;; ++victim) {
    CAPTURE(victim);
    std::minstd_rand random(static_cast<unsigned>(victim) + 1);
    std::mutex mutex;
    std::atomic<int> calls{0};
    Fixture f(small_segments());
    f.host.set_one_run_per_commit(true);
    f.bucket->fate = [&](const Call&) {
      unsigned delay = 0;
      {
        const std::lock_guard hold(mutex);
        delay = static_cast<unsigned>(random() % 3000);
      }
      lshost::pause_for(std::chrono::microseconds(delay));  // so that uploads end in any order
      return calls++ == victim ? Fate::die : Fate::ok;
    };
    f.replica.start();
    work(f);
    (void)wait_until([&] { return calls > victim || f.host.durable() == f.host.tip(); });
    const bool has_died = calls > victim;
    f.replica.stop();
    const auto reported = f.host.durable();

    // What lies there now is what a restore would find.
    f.bucket->fate = nullptr;
    f.bucket->revive();
    if (!reported.IsNone()) {
      CAPTURE(reported.ToString());
      CHECK((f.replica.restore(reported.generation, reported) == f.host.image_at(reported)));
      CHECK_NOTHROW(f.replica.restore(reported.generation));  // the latest, too: no hole stands in its way
      f.replica.stop();
    }
    // And the next run goes on.
    const auto before = f.host.reported().size();
    f.insert();
    REQUIRE(f.replica.run_until_durable());
    f.check_restorable();
    const auto all = f.host.reported();
    if (!reported.IsNone()) {
      REQUIRE(all.size() > before);
      CHECK(all[before] >= reported);  // nothing that was durable is shipped again
      CHECK(f.host.snapshots_opened() <= 3);
    }
    if (!has_died) break;
  }
}

TEST_CASE("engine: reports come in order, whatever the uploads take", "[engine][fault]") {
  const auto seed = GENERATE(1u, 2u, 3u);
  std::mutex mutex;
  std::minstd_rand random(seed);
  Fixture f({{"segment-size", std::int64_t{65'536}}, {"parallel-uploads", std::int64_t{8}}});
  f.host.set_one_run_per_commit(true);
  f.bucket->fate = [&](const Call& call) {
    unsigned number = 0;
    {
      const std::lock_guard hold(mutex);
      number = static_cast<unsigned>(random());
    }
    lshost::pause_for(std::chrono::microseconds(number % 5000));
    return call.kind == Call::put && number % 7 == 0 ? Fate::fail : Fate::ok;
  };
  f.replica.start();
  for (int i = 0; i < 5; ++i) work(f);
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  const auto all = f.host.reported();
  CHECK(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a < b; }));
  f.bucket->fate = nullptr;
  f.check_restorable();
}

TEST_CASE("engine: a put that is repeated has the same bytes", "[engine][fault]") {
  std::atomic<int> left{3};
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> versions;
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  f.bucket->fate = [&](const Call& call) {
    const std::lock_guard hold(mutex);
    for (const auto& [key, object] : f.bucket->objects()) versions[key].insert(object.bytes);
    return call.kind == Call::put && left-- > 0 ? Fate::fail_after : Fate::ok;
  };
  f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.bucket->fate = nullptr;
  for (const auto& [key, bodies] : versions) CHECK(bodies.size() == 1);
  CHECK(f.host.errors().size() == 3);
}

TEST_CASE("engine: a person is asked for where only a person can help, and it goes on when they did",
          "[engine][fault]") {
  std::atomic<bool> is_mended{false};
  Fixture f;
  f.bucket->failure = lshost::v1::Error(LSHOST_E_DENIED, "the bucket 'b' denies writing", LSHOST_ERR_OPERATOR);
  f.bucket->fate = [&](const Call& call) { return call.kind == Call::put && !is_mended ? Fate::fail : Fate::ok; };
  f.replica.start();
  REQUIRE(f.host.wait_until_state(LSHOST_STATE_FAILED));
  CHECK(f.host.state_detail() == "the bucket 'b' denies writing");
  is_mended = true;
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  REQUIRE(f.host.wait_until_state(LSHOST_STATE_STREAMING));
  f.check_restorable();
}

TEST_CASE("engine: a store that stored half and said that all is well is found out", "[engine][fault]") {
  SECTION("at the next start, for the last segment: it is sent again") {
    Fixture f;
    REQUIRE(f.replica.run_until_durable());
    f.bucket->fate = [](const Call& call) { return call.kind == Call::put ? Fate::lie : Fate::ok; };
    f.insert();
    REQUIRE(f.host.wait_until_durable(f.host.tip()));
    f.bucket->fate = nullptr;
    f.replica.stop();
    f.host.forget_reports();
    f.insert();
    REQUIRE(f.replica.run_until_durable());
    CHECK(f.host.warnings().size() >= 1);
    CHECK(f.host.snapshots_opened() == 0);
    f.check_restorable();
  }
  SECTION("at the next start, for a snapshot: a new one is taken") {
    Fixture f;
    f.bucket->fate = [](const Call& call) {
      return call.key.find("/snapshots/") != std::string::npos ? Fate::lie : Fate::ok;
    };
    REQUIRE(f.replica.run_until_durable());
    f.bucket->fate = nullptr;
    CHECK_THROWS(f.replica.restore(f.generation()));
    f.replica.stop();
    f.insert();
    REQUIRE(f.replica.run_until_durable());
    CHECK(f.host.snapshots_opened() == 2);
    f.check_restorable();
  }
  SECTION("in the middle of the WAL: a restore says so") {
    Fixture f;
    f.host.set_one_run_per_commit(true);
    REQUIRE(f.replica.run_until_durable());
    for (int i = 0; i < 5; ++i) REQUIRE(f.host.wait_until_durable(f.insert()));
    const auto key = f.bucket->keys()[3];
    const auto bytes = f.bucket->objects()[key].bytes;
    f.bucket->set(key, bytes.substr(0, bytes.size() / 2));
    CHECK_THROWS_WITH(f.replica.restore(f.generation()), Catch::Contains(key));
    std::string flipped = bytes;
    flipped[40] ^= 1;
    f.bucket->set(key, flipped);
    CHECK_THROWS_WITH(f.replica.restore(f.generation()), Catch::Contains(key));
    f.bucket->set(key, f.bucket->objects()[f.bucket->keys()[2]].bytes);  // whole, but not what belongs here
    CHECK_THROWS_WITH(f.replica.restore(f.generation()), Catch::Contains(key));
  }
}

TEST_CASE("engine: a store that lost the last segment of an index is found out by what the next one says",
          "[engine][fault]") {
  const auto finish =
      GENERATE(FakeHost::Finish::with_next_run, FakeHost::Finish::with_last_run, FakeHost::Finish::with_tip);
  const auto is_restarted = GENERATE(false, true);
  Fixture f;
  f.host.set_one_run_per_commit(true);
  REQUIRE(f.replica.run_until_durable());
  for (int index = 0; index < 3; ++index) {
    for (int i = 0; i < 3; ++i) REQUIRE(f.host.wait_until_durable(f.insert()));
    f.host.restart_wal(finish);
    if (is_restarted) {
      f.replica.stop();
      f.replica.start();
    }
    REQUIRE(f.host.wait_until_durable(f.insert()));
  }
  f.check_restorable();
  const auto items = f.replica.items(ItemKind::Wal, f.generation());
  std::size_t lost = 0;
  for (std::size_t i = 0; i + 1 < items.size(); ++i) {
    const Position& at = items[i].position;
    if (items[i + 1].position.index == at.index) continue;
    char name[64];
    std::snprintf(name, sizeof name, "/wal/%08x_%08x.wal.lz4", static_cast<unsigned>(at.index),
                  static_cast<unsigned>(at.offset));
    const std::string key = "generations/" + f.generation() + name;
    CAPTURE(key);
    const auto bytes = f.bucket->objects().at(key).bytes;
    f.bucket->erase(key);
    const Position next{at.generation, at.index + 1, 0};
    CHECK_THROWS_WITH(f.replica.restore(f.generation()), "gap before " + next.ToString());
    f.bucket->set(key, bytes);
    ++lost;
  }
  CHECK(lost == 3);
  f.check_restorable();
}

TEST_CASE("engine: foreign objects are left alone", "[engine][fault]") {
  Fixture f;
  f.bucket->set("notes.txt", "x");
  f.bucket->set("generations/zzz/snapshots/00000000.snapshot.lz4", "x");
  f.bucket->set("generations/" + f.generation() + "/wal/00000000_00000000.wal.lz4.tmp", "x");
  REQUIRE(f.replica.run_until_durable());
  f.check_restorable();
  CHECK(f.bucket->keys().size() == 5);
  CHECK(f.replica.items(ItemKind::Generation, "").size() == 1);
}

TEST_CASE("engine: what another host stored in the same place is never replaced, and is reported", "[engine][fault]") {
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  const auto before = f.host.tip();
  char name[64];
  std::snprintf(name, sizeof name, "/wal/%08x_%08x.wal.lz4", static_cast<unsigned>(before.index),
                static_cast<unsigned>(before.offset));
  const std::string key = "generations/" + f.generation() + name;
  const std::string foreign = GENERATE("another host's commits", "");
  f.bucket->set(key, foreign);
  f.insert();
  if (foreign.empty()) {  // the beginning of anything: a put of ours that a store tore
    REQUIRE(f.host.wait_until_durable(f.host.tip()));
  } else {
    REQUIRE(f.host.wait_until_state(LSHOST_STATE_FAILED));
    CHECK_THAT(f.host.state_detail(), Catch::StartsWith(key) && Catch::Contains("another host"));
    CHECK(f.bucket->objects()[key].bytes == foreign);
    CHECK(f.host.reported().back() == before);
    f.bucket->erase(key);
    REQUIRE(f.host.wait_until_durable(f.host.tip()));
  }
  f.check_restorable();
}

TEST_CASE("engine: a host without the WAL that is needed gets a new snapshot stored", "[engine][fault]") {
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  const auto before = f.host.tip();
  f.replica.stop();
  const int indexes = GENERATE(1, 3);
  for (int i = 0; i < indexes; ++i) {
    f.insert();
    f.next_index();
  }
  f.host.trim_before(static_cast<std::uint64_t>(indexes));
  f.host.forget_reports();
  REQUIRE(f.replica.run_until_durable());
  CHECK(f.host.snapshots_opened() == 1);
  CHECK((f.replica.restore(f.generation()) == f.host.image_at(f.host.tip())));
  CHECK((f.replica.restore(f.generation(), before) == f.host.image_at(before)));
  // What is between them is missing, and no WAL of behind is taken for its continuation.
  for (const auto& item : f.replica.items(ItemKind::Wal, f.generation())) {
    if (item.position.index == 0) CHECK_FALSE(item.index_complete);
  }
  f.replica.stop();
  f.host.forget_reports();
  REQUIRE(f.replica.run_until_durable());
  CHECK(f.host.snapshots_opened() == 0);
}

TEST_CASE("engine: a snapshot that the host takes back is taken again", "[engine][fault]") {
  std::atomic<int> left{3};
  Fixture f;
  f.host.on_snapshot_read = [&](std::uint64_t done) {
    return done > 0 && left.fetch_sub(1) > 0 ? LSHOST_GONE : LSHOST_OK;
  };
  REQUIRE(f.replica.run_until_durable());
  f.check_restorable();
  CHECK(f.host.snapshots_opened() == 4);
}

TEST_CASE("engine: a failing host is tried again", "[engine][fault]") {
  std::atomic<int> left{3};
  Fixture f;
  f.host.on_wal_open = [&](const Position&) { return left.fetch_sub(1) > 0 ? LSHOST_E_IO : LSHOST_OK; };
  REQUIRE(f.replica.run_until_durable());
  CHECK(f.host.errors().size() == 3);
  f.check_restorable();
}

TEST_CASE("engine: a probe tells what is wrong and leaves nothing behind", "[engine][fault]") {
  Fixture f;
  f.replica.probe();
  f.bucket->fate = [](const Call& call) { return call.kind == Call::put ? Fate::lie : Fate::ok; };
  CHECK_THROWS_WITH(f.replica.probe(), Catch::Contains("other bytes"));
  f.bucket->fate = [](const Call& call) { return call.kind == Call::get ? Fate::fail : Fate::ok; };
  CHECK_THROWS_WITH(f.replica.probe(), Catch::Contains("does not answer"));
  f.bucket->fate = [](const Call& call) {
    if (call.kind == Call::put) (void)wait_until([] { return false; }, std::chrono::milliseconds(30));
    return Fate::ok;
  };
  CHECK_THROWS_WITH(f.replica.probe(std::chrono::milliseconds(20)), Catch::Contains("too slow"));
  CHECK(f.bucket->keys().empty());
}
