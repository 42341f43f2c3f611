// Every step of the disk fails once, is the last one of the process, or the last one before the power goes.

#include <algorithm>
#include <catch2/catch.hpp>

#include "file/hostile_disk.hpp"
#include "file/replica.hpp"
#include "layout.hpp"
#include "support/quick_dir.hpp"

using namespace lshost;
using namespace lshost::test;
using lshost::file::Kind;

namespace {

/// The story that is broken at every step: a first snapshot, commits, two more indexes, a second snapshot.
///
/// Each step of it waits until the replica has followed, or can not any more.
class Story {
 public:
  explicit Story(HostileDisk& disk) : disk_(disk), replica_(host_, &disk) {}

  FakeHost& host() { return host_; }
  const std::string& root() const { return root_; }

  void tell() {
    host_.new_generation();
    host_.commit("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
    replica_.start();
    follow();
    commit();
    commit();
    host_.restart_wal(FakeHost::Finish::with_tip);
    follow();
    commit();
    host_.restart_wal(FakeHost::Finish::with_next_run);
    commit();
    host_.set_snapshot_due();
    follow();
    commit();
  }

  void check_restored(const Position& promised) { check_not_below(restored(), promised); }
  void check_not_below(const Position& found, const Position& promised) {
    INFO("found " << found.ToString() << ", promised " << promised.ToString());
    REQUIRE(at_its_latest(found) >= promised);
  }

  /// What was promised before the disk broke is there; with the disk whole again, the next run goes on from there to
  /// the tip, and complains about nothing.
  void recover() {
    const auto promised = host_.durable();
    if (!promised.IsNone()) check_restored(promised);
    disk_.forgive();
    host_.forget_reports();
    start();
    REQUIRE(host_.wait_until_durable(host_.tip()));
    REQUIRE(host_.errors().empty());
    REQUIRE(host_.warnings().empty());
    if (!promised.IsNone()) check_not_below(host_.reported().front(), promised);
    REQUIRE(restored() == host_.tip());
  }

  void stop() { replica_.stop(); }
  void start() { replica_.start(); }

  /// The position that the newest state at the destination has; none if it is no state that the database ever had.
  Position restored() {
    const auto image = restore_by_hand(root_, host_.tip().generation);
    file::FileReplicator reader(host_.context());
    REQUIRE((restore_by_extension(reader, host_.tip().generation) == image));
    const auto tips = host_.all_tips();
    const auto same =
        std::find_if(tips.rbegin(), tips.rend(), [&](const auto& tip) { return host_.image_at(tip) == image; });
    return same == tips.rend() ? Position{} : *same;
  }

 private:
  /// The end of an index and the beginning of the next are the same place in the history.
  Position at_its_latest(const Position& found) {
    for (const auto& tip : host_.all_tips()) {
      if (tip.index == found.index && tip.offset > found.offset) return found;
    }
    return found.index < host_.tip().index ? Position{found.generation, found.index + 1, 0} : found;
  }
  void commit() {
    host_.commit("INSERT INTO t(x) VALUES(randomblob(3000))");
    follow();
  }
  void follow() {
    const auto tip = host_.tip();
    REQUIRE(host_.wait_until([&](const auto& said) {
      if (disk_.fired() && said.errors.size() > 2) return true;  // dead
      return !said.reported.empty() && said.reported.back() == tip;
    }));
  }

  HostileDisk& disk_;
  QuickDir folder_;  // what lasts is decided by HostileDisk
  std::string root_ = folder_ / "replica";
  FakeHost host_{ConfigValues{{"path", root_}}};
  Replica replica_;
};

}  // namespace

// Goal: one failure of any step costs nothing but time.
// Method: fail the 1st, 2nd, 3rd ... step in turn, until a run gets through untouched.
TEST_CASE("file replicator: any step of the disk may fail once", "[file][fault]") {
  const auto mode = GENERATE(HostileDisk::Mode::fail, HostileDisk::Mode::fail_midway);
  int nth = 1;
  for (bool fired = true; fired; ++nth) {
    CAPTURE(nth);
    HostileDisk disk;
    Story story(disk);
    disk.break_step(nth, mode);
    story.tell();
    fired = disk.fired();
    const auto tip = story.host().tip();
    REQUIRE(story.host().wait_until_durable(tip));
    REQUIRE(story.restored() == tip);
    if (fired) REQUIRE(story.host().errors().size() <= 1);
    story.stop();
    disk.cut_power(false);
    REQUIRE(story.restored() == story.host().tip());
  }
  CHECK(nth > 40);
}

// Goal: whatever was reported survives a kill at any step, and the next run goes on from there.
// Method: nothing works from the 1st, 2nd, 3rd ... step on; a new replicator then finds what is there.
TEST_CASE("file replicator: the process may die at any step", "[file][fault][crash]") {
  int nth = 1;
  for (bool fired = true; fired; ++nth) {
    CAPTURE(nth);
    HostileDisk disk;
    Story story(disk);
    disk.break_step(nth, HostileDisk::Mode::die);
    story.tell();
    fired = disk.fired();
    story.stop();
    story.recover();

    // A sync may have failed just before the process died: what can be read then need not be on the disk.
    story.stop();
    disk.cut_power(false);
    REQUIRE(story.restored() == story.host().tip());
  }
}

// Goal: P1, a position reported as durable can be restored, also when the power goes.
// Method: as above, and everything that was not synced is lost.
TEST_CASE("file replicator: the power may go at any step", "[file][fault][crash]") {
  const bool zeros = GENERATE(false, true);
  int nth = 1;
  for (bool fired = true; fired; ++nth) {
    CAPTURE(nth, zeros);
    HostileDisk disk;
    Story story(disk);
    disk.break_step(nth, HostileDisk::Mode::die);
    story.tell();
    fired = disk.fired();
    story.stop();
    disk.cut_power(zeros);
    story.recover();
  }
}
