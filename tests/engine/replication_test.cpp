// Goal: what the engine stores is the database at every reported position, in Litestream's layout, at the price that
// the documents say.
// Method: a step-by-step host, a bucket in memory, two independent ways back.

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "engine/fixture.hpp"
#include "support/wait_until.hpp"

using namespace lshost::test;
using lshost::Item;
using lshost::ItemKind;
using lshost::Position;
using Call = Bucket::Call;

namespace {

/// A stopped replica of six indexes with a segment each; the calls for it are forgotten.
void store_six_indexes(Fixture& f) {
  REQUIRE(f.replica.run_until_durable());
  for (int index = 0; index < 5; ++index) {
    f.next_index();
    REQUIRE(f.host.wait_until_durable(f.host.tip()));
  }
  f.replica.stop();
  f.bucket->forget_calls();
}

}  // namespace

TEST_CASE("engine: what is stored has Litestream's names, snapshot first", "[engine]") {
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  const std::string root = "generations/" + f.generation() + "/";
  const auto offset = f.host.tip().offset;
  f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.next_index();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  char second[64];
  (void)std::snprintf(second, sizeof second, "wal/00000000_%08x.wal.lz4", static_cast<unsigned>(offset));
  CHECK(f.bucket->keys() == std::vector<std::string>{root + "snapshots/00000000.snapshot.lz4",
                                                     root + "wal/00000000_00000000.wal.lz4", root + second,
                                                     root + "wal/00000001_00000000.wal.lz4"});
  const auto calls = f.bucket->calls();
  REQUIRE(calls.size() >= 2);
  CHECK(calls[0].kind == Call::list);
  CHECK(calls[1].key == root + "snapshots/00000000.snapshot.lz4");
  f.check_restorable();
}

TEST_CASE("engine: a running replica lists once, an idle one makes no request", "[engine]") {
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  for (int i = 0; i < 20; ++i) {
    if (i % 7 == 6) f.next_index();
    REQUIRE(f.host.wait_until_durable(f.insert()));
  }
  CHECK(f.bucket->count(Call::list) == 1);
  CHECK(f.bucket->count(Call::get) == 0);
  CHECK(f.bucket->count(Call::remove) == 0);
  REQUIRE(f.host.wait_until_state(LSHOST_STATE_STREAMING));
  f.bucket->forget_calls();
  CHECK_FALSE(wait_until([&] { return !f.bucket->calls().empty(); }, std::chrono::milliseconds(300)));
}

TEST_CASE("engine: a restart costs one listing and two looks, whatever the history", "[engine]") {
  Fixture f;
  store_six_indexes(f);
  f.host.forget_reports();
  f.replica.start();
  REQUIRE(f.host.wait_until_state(LSHOST_STATE_STREAMING));
  CHECK(f.host.durable() == f.host.tip());
  CHECK(f.bucket->count(Call::list) == 1);
  CHECK(f.bucket->count(Call::get) == 2);
  CHECK(f.bucket->count(Call::put) == 0);
  CHECK(f.host.snapshots_opened() == 0);
}

TEST_CASE("engine: a restore asks for small segments once, to know them and to read them", "[engine]") {
  Fixture f;
  store_six_indexes(f);
  f.host.set_offline();
  f.check_restorable();
  std::map<std::string, int> gets;
  for (const auto& call : f.bucket->calls()) {
    if (call.kind == Call::get && call.key.find("/wal/") != std::string::npos) ++gets[call.key];
  }
  CHECK(gets.size() >= 6);
  for (const auto& [key, count] : gets) {
    CAPTURE(key);
    CHECK(count == 1);
  }
}

TEST_CASE("engine: every commit is a point to restore to, with its time", "[engine]") {
  const auto finish =
      GENERATE(FakeHost::Finish::with_next_run, FakeHost::Finish::with_last_run, FakeHost::Finish::with_tip);
  Fixture f;
  f.host.set_one_run_per_commit(true);
  REQUIRE(f.replica.run_until_durable());
  for (int i = 0; i < 12; ++i) {
    if (i % 4 == 3) {
      f.next_index(finish);
    } else {
      f.insert();
    }
  }
  f.host.commit("VACUUM");
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.check_restorable();
  std::set<std::pair<std::uint64_t, std::uint64_t>> timed;
  for (const auto& item : f.replica.items(ItemKind::Wal, f.generation())) {
    for (const auto& time : f.replica.commit_times(item)) {
      const Position at{f.generation(), item.position.index, time.end_offset};
      CHECK(f.host.commit_ns_of(at) == time.commit_ns);
      timed.emplace(at.index, at.offset);
    }
  }
  for (const auto& tip : f.host.all_tips()) {
    CAPTURE(tip.ToString());
    if (tip >= f.host.snapshots().front()) CHECK((f.replica.restore(tip.generation, tip) == f.host.image_at(tip)));
    if (tip.offset > 0) CHECK(timed.contains({tip.index, tip.offset}));
  }
}

TEST_CASE("engine: commits are put together for the interval, and their times kept", "[engine]") {
  Fixture f({{"sync-interval", std::chrono::nanoseconds(std::chrono::milliseconds(700))}});
  f.host.set_one_run_per_commit(true);
  REQUIRE(f.replica.run_until_durable());
  const auto begun = std::chrono::steady_clock::now();
  f.bucket->forget_calls();
  for (int i = 0; i < 30; ++i) f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(f.bucket->count(Call::put) <= 2 + static_cast<std::size_t>(took / std::chrono::milliseconds(700)));
  std::size_t times = 0;
  for (const auto& item : f.replica.items(ItemKind::Wal, f.generation())) {
    times += f.replica.commit_times(item).size();
  }
  CHECK(times == 32);
  f.check_restorable();
}

TEST_CASE("engine: who is far behind sends full segments, several at once", "[engine]") {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  Fixture f({{"segment-size", std::int64_t{65'536}},
             {"sync-interval", std::chrono::nanoseconds(std::chrono::milliseconds(500))}});
  f.host.set_one_run_per_commit(true);
  for (int i = 0; i < 80; ++i) f.insert();
  f.bucket->fate = [&](const Call& call) {
    if (call.kind != Call::put || call.key.find("/wal/") == std::string::npos) return Bucket::Fate::ok;
    const int at_once = ++now;
    most = std::max(most.load(), at_once);
    (void)wait_until([&] { return most > 1; }, std::chrono::milliseconds(50));
    --now;
    return Bucket::Fate::ok;
  };
  REQUIRE(f.replica.run_until_durable());
  const auto size = f.host.tip().offset;
  CHECK(f.bucket->count(Call::put) - 1 <= size / (65'536 - 8'300) + 1);
  CHECK(most > 1);
  CHECK(most <= 4);
  f.check_restorable();
}

TEST_CASE("engine: a transaction larger than a segment is one object, streamed", "[engine]") {
  Fixture f({{"segment-size", std::int64_t{65'536}}});
  REQUIRE(f.replica.run_until_durable());
  f.host.commit("CREATE TABLE big(x)");
  f.host.commit("INSERT INTO big VALUES(randomblob(9000000))");
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.check_restorable();
}

TEST_CASE("engine: the segment with the first byte of an index waits for all before it", "[engine]") {
  std::mutex mutex;
  std::set<std::string> under_way;
  bool is_ordered = true;
  Fixture f({{"segment-size", std::int64_t{65'536}}});
  f.host.set_one_run_per_commit(true);
  for (int index = 0; index < 3; ++index) {
    for (int i = 0; i < 20; ++i) f.insert();
    f.next_index();
  }
  f.bucket->fate = [&](const Call& call) {
    if (call.kind != Call::put || call.key.find("/wal/") == std::string::npos) return Bucket::Fate::ok;
    {
      const std::lock_guard hold(mutex);
      if (call.key.find("_00000000.") != std::string::npos && !under_way.empty()) is_ordered = false;
      under_way.insert(call.key);
    }
    (void)wait_until([&] { return false; }, std::chrono::milliseconds(3));
    const std::lock_guard hold(mutex);
    under_way.erase(call.key);
    return Bucket::Fate::ok;
  };
  REQUIRE(f.replica.run_until_durable());
  CHECK(is_ordered);
  f.check_restorable();
}

TEST_CASE("engine: a due snapshot is taken once for an index, and WAL goes on beside it", "[engine]") {
  std::atomic<bool> go_on{false};
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  f.host.set_snapshot_due();  // the index has one
  REQUIRE(f.host.wait_until([](const auto& said) { return said.snapshots.size() == 2; }));
  CHECK(f.host.snapshots_opened() == 1);
  f.next_index();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));

  f.bucket->fate = [&](const Call& call) {
    const bool is_snapshot = call.kind == Call::put && call.key.find("/snapshots/") != std::string::npos;
    if (is_snapshot) (void)wait_until([&] { return go_on.load(); });
    return Bucket::Fate::ok;
  };
  f.host.set_snapshot_due();
  REQUIRE(wait_until([&] { return f.host.snapshots_opened() == 2; }));
  CHECK(f.replica.snapshotting());
  REQUIRE(f.host.wait_until_durable(f.insert()));  // while the snapshot is on its way
  CHECK(f.host.snapshots().size() == 2);
  f.check_restorable();
  go_on = true;
  REQUIRE(f.host.wait_until([](const auto& said) { return said.snapshots.size() == 3; }));
  CHECK(f.host.snapshots().back().index == 1);
  f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.check_restorable();
  REQUIRE(f.host.wait_until_state(LSHOST_STATE_STREAMING));
  CHECK_FALSE(f.replica.snapshotting());
}

TEST_CASE("engine: a new generation, and one that begins during a snapshot", "[engine]") {
  std::atomic<bool> has_changed{false};
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  const auto first = f.host.tip();
  f.next_index();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  const auto end = f.host.tip();
  f.host.on_snapshot_read = [&](std::uint64_t) {
    (void)wait_until([&] { return has_changed.load(); });
    return LSHOST_OK;
  };
  f.host.set_snapshot_due();
  REQUIRE(wait_until([&] { return f.host.snapshots_opened() == 2; }));
  f.host.new_generation();
  f.insert();
  has_changed = true;
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.check_restorable();
  CHECK(f.host.tip().generation != first.generation);
  CHECK((f.replica.restore(first.generation) == f.host.image_at(end)));
}

TEST_CASE("engine: what a copy of the host stored is not continued, but left as it is", "[engine]") {
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  const auto finish = GENERATE(FakeHost::Finish::with_last_run, FakeHost::Finish::with_next_run);
  f.host.restart_wal(finish);
  if (finish == FakeHost::Finish::with_next_run) f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.replica.stop();
  const auto first = f.host.tip();

  // The same generation and the same positions, and other content.
  FakeHost copy(Fixture::with_defaults({}));
  copy.new_generation();
  copy.commit("CREATE TABLE t(y)");
  copy.commit("INSERT INTO t VALUES(hex(randomblob(2000)))");
  copy.restart_wal(finish);
  for (int i = 0; i < 3; ++i) copy.commit("INSERT INTO t VALUES(hex(randomblob(2000)))");
  REQUIRE(copy.tip().generation == first.generation);
  REQUIRE(copy.tip() >= first);
  copy.on_wal_open = [&](const Position& from) {  // as a host does when somebody asks for what is ahead of it
    if (from.index > copy.tip().index) copy.new_generation();
    return LSHOST_OK;
  };
  StoreReplica other(copy, Fixture::make_store(f.bucket, true));
  other.start();
  REQUIRE(copy.wait_until(
      [&](const auto& said) { return !said.reported.empty() && said.reported.back().generation != first.generation; }));
  REQUIRE(copy.wait_until_durable(copy.commit("INSERT INTO t VALUES(1)")));
  REQUIRE_FALSE(copy.warnings().empty());
  CHECK_THAT(copy.warnings().front(), Catch::Contains("other WAL than the host"));
  CHECK((other.restore(copy.tip().generation) == copy.image_at(copy.tip())));
  CHECK((other.restore(first.generation) == f.host.image_at(first)));
}

TEST_CASE("engine: start stops the run before it; stop ends all work", "[engine]") {
  Fixture f;
  REQUIRE(f.replica.run_until_durable());
  for (int i = 0; i < 3; ++i) {
    f.replica.start();
    REQUIRE(f.host.wait_until_durable(f.insert()));
  }
  f.check_restorable();
  CHECK(f.host.errors().empty());
  f.replica.stop();
  f.bucket->forget_calls();
  f.insert();
  CHECK(f.bucket->calls().empty());
  REQUIRE(f.replica.run_until_durable());
}

TEST_CASE("engine: memory does not grow with the database", "[engine]") {
  // Sealing takes what it takes; what must not be there is the snapshot itself.
  std::uint64_t read = 0;
  std::uint64_t ahead = 0;
  std::atomic<std::uint64_t> taken{0};
  Fixture f;
  f.host.commit("CREATE TABLE big(x)");
  for (int i = 0; i < 2; ++i) f.host.commit("INSERT INTO big VALUES(randomblob(20000000))");
  f.bucket->on_body = [&](const std::string& key, std::uint64_t bytes) {
    if (key.find("/snapshots/") != std::string::npos) taken = bytes;
  };
  f.host.on_snapshot_read = [&](std::uint64_t done) {
    read = done;
    ahead = std::max(ahead, done > taken ? done - taken : 0);  // random bytes do not get smaller
    return LSHOST_OK;
  };
  REQUIRE(f.replica.run_until_durable());
  CHECK(read > 40'000'000);
  CHECK(ahead < 16U << 20);
}
