// The five functions and the worker, against a scripted host over a real database.

#include "file_replicator.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "file/replica.hpp"
#include "layout.hpp"

using namespace lshost;
using namespace lshost::test;
using lshost::file::Kind;
using lshost::file::Layout;

namespace {

const auto kFinishes = {FakeHost::Finish::with_next_run, FakeHost::Finish::with_last_run, FakeHost::Finish::with_tip};

/// A database with some content, a destination for it, and its replica, not started.
struct Fixture {
  TempDir folder;
  std::string root = folder / "replica";
  Layout layout{root};
  FakeHost host{ConfigValues{{"path", root}}};
  Replica replica{host};

  Fixture() {
    host.new_generation();
    host.commit("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
    host.commit("INSERT INTO t(x) VALUES(randomblob(5000))");
  }
  Position insert() { return host.commit("INSERT INTO t(x) VALUES(randomblob(3000))"); }
  void next_index(FakeHost::Finish finish = FakeHost::Finish::with_next_run) {
    host.restart_wal(finish);
    insert();
  }
  void run_until_durable() {
    replica.start();
    REQUIRE(host.wait_until_durable(host.tip()));
  }
  void check_restorable() {
    const auto tip = host.tip();
    CHECK((restore_by_hand(root, tip.generation) == host.image_at(tip)));
  }
};

std::filesystem::perms mode(const std::string& path) { return std::filesystem::status(path).permissions(); }

}  // namespace

TEST_CASE("file replicator: everything committed is durable and restored by hand", "[file][replicator]") {
  Fixture f;
  const auto finish = GENERATE(values(kFinishes));
  const bool one_run_per_commit = GENERATE(true, false);
  f.host.set_one_run_per_commit(one_run_per_commit);
  f.run_until_durable();
  f.check_restorable();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(f.host.wait_until_durable(f.insert()));
    f.check_restorable();
  }
  f.next_index(finish);
  f.insert();
  f.next_index(finish);
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.check_restorable();
  CHECK(f.host.tip().index == 2);
  CHECK(f.host.errors().empty());
  CHECK(f.host.warnings().empty());

  const auto generation = f.host.tip().generation;
  CHECK(mode(f.layout.generation(generation)) == std::filesystem::perms(0700));
  CHECK(mode(f.layout.wals(generation)) == std::filesystem::perms(0700));
  CHECK(mode(f.layout.file(Kind::wal, generation, 0)) == std::filesystem::perms(0600));
  CHECK(names_in(f.layout.snapshots(generation)) ==
        std::vector<std::string>{"0000000000000000.info", "0000000000000000.snapshot"});
}

TEST_CASE("file replicator: a restart continues where it was, and sends nothing twice", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  f.next_index(GENERATE(values(kFinishes)));
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.replica.stop();
  const bool more = GENERATE(true, false);
  const auto before = f.host.tip();
  if (more) f.insert();
  f.host.forget_reports();
  f.run_until_durable();
  CHECK(f.host.reported().front() == before);
  CHECK(f.host.snapshots_opened() == 0);
  // And the last frame that is there, to see whether it is the host's.
  CHECK(f.host.wal_bytes_given() == f.host.tip().offset - before.offset + wal::frame_size(4096));
  f.check_restorable();
}

TEST_CASE("file replicator: what a copy of the host stored is not continued, but left as it is", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  const bool is_complete = GENERATE(false, true);  // the position is the end of an index, or inside one
  if (is_complete) {
    f.host.restart_wal(FakeHost::Finish::with_tip);
  } else {
    f.insert();
  }
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.replica.stop();
  const auto first = f.host.tip();

  // The same generation and the same positions, and other content.
  FakeHost copy(ConfigValues{{"path", f.root}});
  copy.new_generation();
  copy.commit("CREATE TABLE t(id INTEGER PRIMARY KEY, y)");
  copy.commit("INSERT INTO t(y) VALUES(randomblob(5000))");
  if (is_complete) copy.restart_wal(FakeHost::Finish::with_tip);
  for (int i = 0; i < 3; ++i) copy.commit("INSERT INTO t(y) VALUES(randomblob(3000))");
  REQUIRE(copy.tip().generation == first.generation);
  REQUIRE(copy.tip() >= first);
  copy.on_wal_open = [&](const Position& from) {  // as a host does when somebody asks for what is ahead of it
    if (from.index > copy.tip().index) copy.new_generation();
    return LSHOST_OK;
  };
  Replica other(copy);
  other.start();
  REQUIRE(copy.wait_until(
      [&](const auto& said) { return !said.reported.empty() && said.reported.back().generation != first.generation; }));
  REQUIRE(copy.wait_until_durable(copy.commit("INSERT INTO t(y) VALUES(1)")));
  CHECK(copy.warnings().size() == 2);  // what was found, and what becomes of it
  CHECK_THAT(copy.warnings().front(), Catch::Contains("other WAL than the host"));
  CHECK((restore_by_hand(f.root, copy.tip().generation) == copy.image_at(copy.tip())));
  f.check_restorable();
}

TEST_CASE("file replicator: the beginning of an index without WAL is reported, and continued from",
          "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  f.host.restart_wal(FakeHost::Finish::with_tip);
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  CHECK(f.host.durable().offset == 0);
  f.replica.stop();
  f.host.trim_before(1);  // the host may do that now
  f.host.forget_reports();
  SECTION("nothing new") { f.run_until_durable(); }
  SECTION("a commit") {
    f.insert();
    f.run_until_durable();
  }
  SECTION("a snapshot exactly there") {
    f.host.set_snapshot_due();
    f.run_until_durable();
    REQUIRE(f.host.wait_until([](const auto& said) { return said.snapshots.size() == 1; }));
    f.insert();
    REQUIRE(f.host.wait_until_durable(f.host.tip()));
  }
  CHECK(f.host.snapshots_opened() == (f.host.snapshots().empty() ? 0 : 1));
  f.check_restorable();
}

TEST_CASE("file replicator: WAL that goes away under a due snapshot costs no second one", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  f.replica.stop();
  f.next_index();
  f.next_index();
  f.host.set_snapshot_due();
  f.host.on_snapshot_read = [&](std::uint64_t) {
    f.host.trim_before(2);
    return LSHOST_OK;
  };
  f.host.forget_reports();
  f.run_until_durable();
  CHECK(f.host.snapshots_opened() == 1);
  f.check_restorable();
}

TEST_CASE("file replicator: without a generation it waits, and says so", "[file][replicator]") {
  TempDir folder;
  FakeHost host(ConfigValues{{"path", folder / "replica"}});
  Replica replica(host);
  replica.start();
  REQUIRE(host.wait_until_state(LSHOST_STATE_WAITING));
  CHECK(host.state_detail() == "no generation, waiting for data");
  CHECK_FALSE(replica->Snapshotting());
  CHECK_FALSE(std::filesystem::exists(folder / "replica"));
  host.new_generation();
  host.commit("CREATE TABLE t(x)");
  CHECK(host.wait_until_durable(host.tip()));
}

TEST_CASE("file replicator: a commit between the end of the copy and the wait is not missed", "[file][replicator]") {
  std::atomic<int> left{20};
  Fixture f;
  f.host.at_tip = [&] {
    if (left.fetch_sub(1) > 0) f.insert();
  };
  f.replica.start();
  REQUIRE(f.host.wait_until([&](const auto&) { return left <= 0; }));
  CHECK(f.host.wait_until_durable(f.host.tip()));
}

TEST_CASE("file replicator: name, type and paths", "[file][replicator]") {
  TempDir folder;
  FakeHost host(ConfigValues{{"path", folder / "replica"}});
  file::FileReplicator replicator(host.context());
  CHECK(replicator.Name() == "file");
  CHECK(replicator.Type() == "file");
  CHECK_FALSE(replicator.Snapshotting());
  for (const auto* wrong : {"", "relative/path", "./x"}) {
    FakeHost other(ConfigValues{{"path", wrong}});
    CHECK_THROWS_WITH(file::FileReplicator(other.context()), Catch::Contains("absolute"));
  }
}

TEST_CASE("file replicator: snapshotting from start until the position is known, and during a snapshot",
          "[file][replicator]") {
  std::atomic<bool> seen{false};
  Fixture f;
  f.host.on_snapshot_read = [&](std::uint64_t) {
    seen = f.replica->Snapshotting();
    return LSHOST_OK;
  };
  f.run_until_durable();
  CHECK(seen);
  CHECK_FALSE(f.replica->Snapshotting());
}

TEST_CASE("file replicator: start stops the run before it; stop ends all work", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  for (int i = 0; i < 3; ++i) {
    f.replica->Start();
    REQUIRE(f.host.wait_until_durable(f.insert()));
  }
  f.check_restorable();
  CHECK(f.host.errors().empty());
  f.host.cancel();
  f.replica->Stop();
  f.replica->Stop();
  const auto at = f.host.durable();
  f.insert();
  f.host.join_and_reset();
  CHECK(f.host.durable() == at);
  f.replica->Start();
  CHECK(f.host.wait_until_durable(f.host.tip()));
}

TEST_CASE("file replicator: a new generation gets a folder of its own", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  const auto first = f.host.tip();
  f.host.new_generation();
  f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.check_restorable();
  CHECK(f.host.tip().generation != first.generation);
  CHECK((restore_by_hand(f.root, first.generation) == f.host.image_at(first)));
}

TEST_CASE("file replicator: a due snapshot is taken once for an index", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  f.host.set_snapshot_due();  // the index has one
  REQUIRE(f.host.wait_until([](const auto& said) { return said.snapshots.size() == 2; }));
  CHECK(f.host.snapshots_opened() == 1);

  f.next_index();
  f.insert();
  f.host.set_snapshot_due();
  REQUIRE(f.host.wait_until([](const auto& said) { return said.snapshots.size() == 3; }));
  const auto at = f.host.snapshots().back();
  CHECK(at.index == 1);
  f.insert();
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.check_restorable();
  const auto list = items(*f.replica, ItemKind::Snapshot, at.generation);
  REQUIRE(list.size() == 2);
  CHECK(list[1].position == at);
}

TEST_CASE("file replicator: WAL is shipped while a snapshot is being taken", "[file][replicator]") {
  std::atomic<bool> moved{false};
  Position during;
  Fixture f;
  f.run_until_durable();
  f.next_index();
  f.host.commit("CREATE TABLE big(x)");
  f.host.commit("INSERT INTO big VALUES(zeroblob(40000000))");
  REQUIRE(f.host.wait_until_durable(f.host.tip()));
  f.host.on_snapshot_read = [&](std::uint64_t done) {
    if (during.IsNone()) during = f.insert();
    if (done > (20u << 20) && f.host.durable() == during) moved = true;
    return LSHOST_OK;
  };
  f.host.set_snapshot_due();
  REQUIRE(f.host.wait_until([](const auto& said) { return said.snapshots.size() == 2; }));
  CHECK(moved);
  f.check_restorable();
}

TEST_CASE("file replicator: a host that no longer has the WAL gets a new snapshot stored", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  f.replica.stop();
  f.next_index();
  f.next_index();
  f.host.trim_before(2);
  f.host.forget_reports();
  f.run_until_durable();
  CHECK(f.host.snapshots_opened() == 1);
  f.check_restorable();
  const auto generation = f.host.tip().generation;
  CHECK(names_in(f.layout.wals(generation)) ==
        std::vector<std::string>{"0000000000000000.commits", "0000000000000000.wal", "0000000000000002.commits",
                                 "0000000000000002.wal"});
  f.replica.stop();  // and the gap between does not ask for another snapshot
  f.run_until_durable();
  CHECK(f.host.snapshots_opened() == 1);
}

TEST_CASE("file replicator: a snapshot stream that the host takes back is taken again", "[file][replicator]") {
  std::atomic<int> left{3};
  Fixture f;
  f.host.on_snapshot_read = [&](std::uint64_t done) {
    return done > 0 && left.fetch_sub(1) > 0 ? LSHOST_GONE : LSHOST_OK;
  };
  f.run_until_durable();
  f.check_restorable();
  CHECK(f.host.snapshots_opened() == 4);
}

TEST_CASE("file replicator: a failing host is tried again", "[file][replicator]") {
  std::atomic<int> left{3};
  Fixture f;
  f.host.on_wal_open = [&](const Position&) { return left.fetch_sub(1) > 0 ? LSHOST_E_IO : LSHOST_OK; };
  f.run_until_durable();
  CHECK(f.host.errors().size() == 3);
  f.check_restorable();
}

TEST_CASE("file replicator: left-over unfinished files go at start, foreign ones stay", "[file][replicator]") {
  Fixture f;
  f.run_until_durable();
  f.replica.stop();
  const auto generation = f.host.tip().generation;
  const std::string other = f.layout.snapshots("00000000000000ff");
  std::filesystem::create_directories(other);
  for (const auto& name : {f.layout.file(Kind::snapshot, generation, 7) + ".tmp", other + "/0000000000000001.info.tmp",
                           f.layout.wals(generation) + "/notes.tmp", f.layout.wals(generation) + "/ffff.wal"}) {
    std::ofstream(name) << "x";
  }
  f.insert();
  f.run_until_durable();
  f.check_restorable();
  CHECK(names_in(other).empty());
  CHECK_FALSE(std::filesystem::exists(f.layout.file(Kind::snapshot, generation, 7) + ".tmp"));
  CHECK(std::filesystem::exists(f.layout.wals(generation) + "/notes.tmp"));
  CHECK(std::filesystem::exists(f.layout.wals(generation) + "/ffff.wal"));
}
