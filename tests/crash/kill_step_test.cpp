// kill -9 at every step: the host dies before its 1st, 2nd, 3rd ... call that touches a file, its plugin's and SQLite's
// calls among them.
//
// CI takes every so manieth step. All of them, each also with a write by half:
//     LSHOST_CRASH_STRIDE=1 build/release/bin/test_crash "[steps]"

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <set>

#include "crash/rounds.hpp"
#include "support/fail_point.hpp"
#include "support/replica_reader.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

namespace fs = std::filesystem;

/// A snapshot, commits, windows and the indexes that they begin, a stop with a last capture. The n-th step of one life
/// is the n-th of the next, as far as threads allow.
class Life {
 public:
  /// `before`: what an earlier host left; "": this is the first one.
  explicit Life(const std::string& before) {
    fs::create_directories(folder());
    if (!before.empty()) fs::copy(before, folder(), fs::copy_options::recursive);
    world_.configure({{.path = folder() + "/app.db",
                       .replicas = {{.path = folder() + "/replica"}},
                       .more = "min-checkpoint-pages = 8\n"}});
    Writer(database(), {"commits=3"}).finish();
  }

  [[nodiscard]] std::string folder() const { return world_ / "data"; }
  [[nodiscard]] std::string database() const { return folder() + "/app.db"; }
  [[nodiscard]] std::string replica() const { return folder() + "/replica"; }

  /// Where the host died; nullopt: it came to its end.
  std::optional<std::string> live(std::uint64_t nth, const std::string& with) {
    const FailPoint point{.under = folder(), .nth = nth, .with = with};
    Host host(world_.config(), {}, point.environment());
    for (int batch = 0; batch < 4 && host.is_running(); ++batch) {
      // Each has more pages than a checkpoint waits for; once it is replicated, a window opens for the next one.
      Writer(database(), {"commits=3", "autocheckpoint=0", "payload=9000"}).finish();
      const auto last = newest_commit(database());
      const bool is_over = wait_until(
          [&] {
            if (!host.is_running()) return true;
            const auto answer = reader_.restore("file", replica());
            return answer.ledger && answer.ledger->commit >= last;
          },
          kPatience);
      if (!is_over) throw std::runtime_error("the host never caught up:\n" + host.log());
    }
    if (host.is_running()) (void)host.terminate();
    return struck(host.log());
  }

  /// A commit of the database or, before the first snapshot, a refusal.
  void check() {
    const auto answer = reader_.restore("file", replica());
    INFO(answer.refusal);
    REQUIRE((answer.ledger || answer.is_too_early()));
    if (answer.ledger) REQUIRE(*answer.ledger == ledger_at(database(), answer.ledger->commit));
  }

  void go_on() {
    Writer(database(), {"commits=3", "autocheckpoint=0"}).finish();
    const auto end = run_lshost({"replicate", "--config", world_.config(), "--once"});
    INFO(end.err);
    REQUIRE(end.status.code == 0);
    REQUIRE(difference_after_restore(database(), replica()).value_or("") == "");
  }

 private:
  World world_;
  ReplicaReader reader_;
};

/// The call and the kind of file, without what differs from run to run.
std::string kind_of(const std::string& step) {
  const auto call = step.substr(step.find(' ') + 1, step.rfind(' ') - step.find(' ') - 1);
  const auto name = fs::path(step.substr(step.rfind(' ') + 1)).filename().string();
  return call + " " +
         (name.find('-') != std::string::npos ? name.substr(name.rfind('-')) : fs::path(name).extension().string());
}

}  // namespace

// Goal: P1 and P2: a host that dies at any step leaves a replica that restores to a commit, and the next one goes on.
// Method: die before call 1, 1 + s, 1 + 2s ..., from nothing and from what another host left, until a run gets through.
TEST_CASE("crash: the host is killed at every step", "[crash][steps]") {
  if (!has_fail_points()) {
    WARN("skipped: a sanitizer has to be the first library");
    return;
  }
  const bool is_first = GENERATE(true, false);
  const auto stride = number_from_environment("LSHOST_CRASH_STRIDE", 7);
  World left;
  if (!is_first) {
    Life life("");
    REQUIRE(life.live(1'000'000, "kill") == std::nullopt);
    fs::copy(life.folder(), left / "data", fs::copy_options::recursive);
  }
  std::set<std::string> kinds;
  std::uint64_t nth = 1;
  for (bool has_died = true; has_died; nth += stride) {
    for (const std::string with : {"kill", "torn"}) {
      if (with == "torn" && stride != 1 && nth % 2 == 0) continue;
      Life life(is_first ? "" : left / "data");
      const auto where = life.live(nth, with);
      has_died = where.has_value();
      if (!has_died) break;
      CAPTURE(nth, with, *where);
      kinds.insert(kind_of(*where));
      life.check();
      life.go_on();
    }
  }
  CAPTURE(nth, kinds);
  if (std::getenv("LSHOST_TEST_VERBOSE") != nullptr) {
    std::string all;
    for (const auto& kind : kinds) all += kind + "\n";
    WARN("steps: " << nth << ", kinds:\n" << all);
  }
  CHECK(nth > 60);
  CHECK(kinds.size() >= 3);
}
