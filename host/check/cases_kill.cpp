// What survives when a process that replicates is killed. A helper replicates and says what it did; the case kills it,
// restores through an instance of its own, and compares with what the transactions must have left.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "check/cases.hpp"
#include "check/restored.hpp"
#include "check/running.hpp"

namespace lshost::check {
namespace {

using std::chrono::milliseconds;
using Deadline = std::chrono::steady_clock::time_point;

constexpr const char* kPlace = "a";
constexpr unsigned kForEver = 1'000'000;

std::string line_of(const char* what, std::uint64_t n, const db::Position& position) {
  return fmt::format("{} {} {} {} {}\n", what, n, position.generation, position.index, position.offset);
}

/// The helper: commits and replicates until it is killed, or kills itself in the call that reports for the `fatal`-th
/// time.
[[noreturn]] void replicate_until_killed(Bench& bench, unsigned fatal) {
  std::atomic<unsigned> reports{0};
  Running running(bench, kPlace, {.restart_pages = 200});
  running.tap.on_durable = [&](const db::Position& position) {
    send_line(line_of("durable", 0, position));
    if (++reports == fatal) (void)::raise(SIGKILL);
  };
  running.world.start();
  running.start();
  for (unsigned i = 0; i < kForEver; ++i) {
    const auto tip = running.world.commit();
    send_line(line_of("commit", running.world.application().committed(), tip));
    // Enough for a report in between, so that a run has many.
    pause_for(milliseconds(2));
  }
  std::abort();  // nobody killed it
}

/// What a helper told before it ended.
struct Told {
  db::Position durable;                                         ///< the last one; none: nothing
  std::vector<std::pair<std::uint64_t, db::Position>> commits;  ///< n and the tip after it
  unsigned reports = 0;
};

void take(Told& told, const std::string& line) {
  std::istringstream in(line);
  std::string what;
  std::uint64_t n = 0;
  db::Position position;
  in >> what >> n >> position.generation >> position.index >> position.offset;
  if (!in) return;
  if (what == "commit") told.commits.emplace_back(n, position);
  if (what != "durable") return;
  told.durable = position;
  ++told.reports;
}

/// Runs a helper until it has reported `reports` times, gives it `more`, and kills it.
void run_and_kill(Bench& bench, const std::string& part, unsigned reports, milliseconds more, Told& told) {
  const auto child = bench.start_part(part);
  const Deadline patience = std::chrono::steady_clock::now() + kPatience;
  const unsigned goal = told.reports + reports;
  std::optional<std::string> line;
  while (told.reports < goal && (line = child->read_line(patience))) take(told, *line);
  if (!child->is_silent() && told.reports < goal) {
    throw Failed(fmt::format("it reported {} of {} positions within {} s", told.reports, goal, kPatience.count()));
  }
  const Deadline end = std::chrono::steady_clock::now() + more;
  while ((line = child->read_line(end))) take(told, *line);
  const Ended ended = child->kill();
  while ((line = child->read_line(patience))) take(told, *line);
  if (ended.signal != SIGKILL) throw Failed("the process that replicated " + to_string(ended));
}

/// The reported position as a restore takes it. The start of an index says that the whole index before it is stored,
/// and a replica that has nothing of the new one need not know that the old one is whole: its last commit is meant.
db::Position as_target(const Told& told) {
  if (told.durable.offset > 0) return told.durable;
  db::Position last = told.durable;
  for (const auto& [commit, tip] : told.commits) {
    const bool is_before = tip.generation == told.durable.generation && tip.index + 1 == told.durable.index;
    if (is_before && (last == told.durable || db::order(last, tip) < 0)) last = tip;
  }
  return last;
}

/// Throws Failed unless the replica has the reported state, all of it and nothing else.
void require_reported_state(Bench& bench, const Told& told, Expected& expected) {
  if (told.durable.is_none()) throw Failed("it never reported a position");
  const std::string path = bench.path("restored.db");
  const auto offline = bench.make(bench.config_at(kPlace), nullptr, nullptr);
  const std::string reported = "killed after it reported " + to_string(told.durable);
  try {
    restore(*offline, as_target(told), path);
  } catch (const Failed& e) {
    throw Failed(reported + ", that state is not there: " + e.what());
  }
  Application restored(path);
  const std::uint64_t n = restored.committed();
  std::uint64_t at_least = 0;
  for (const auto& [commit, tip] : told.commits) {
    if (tip.generation == told.durable.generation && db::order(tip, told.durable) <= 0)
      at_least = std::max(at_least, commit);
  }
  if (n < at_least) {
    throw Failed(
        fmt::format("{}, which covers transaction {}, it gives back the state after {}", reported, at_least, n));
  }
  if (restored.digest() != expected.digest_after(n)) {
    throw Failed(fmt::format("{}, what is given back is not the state after transaction {}", reported, n));
  }
}

unsigned number_in(const std::string& part) { return static_cast<unsigned>(std::stoul(part)); }

}  // namespace

void case_promise(Bench& bench) {
  if (!bench.part().empty()) replicate_until_killed(bench, number_in(bench.part()));
  require_restore(bench);
  std::mt19937_64 random(bench.seed());
  Expected expected(bench.seed());
  Told told;
  for (unsigned round = 0; round < 5 + bench.rounds(); ++round) {
    const auto fatal = round == 0 ? 1U : 1U + static_cast<unsigned>(random() % 12);
    bench.doing(fmt::format("a process was killed in its report number {}", fatal));
    run_and_kill(bench, std::to_string(fatal), fatal, milliseconds(0), told);
    require_reported_state(bench, told, expected);
  }
}

void case_kill(Bench& bench) {
  if (!bench.part().empty()) replicate_until_killed(bench, 0);
  require_restore(bench);
  std::mt19937_64 random(bench.seed());
  Expected expected(bench.seed());
  Told told;
  for (unsigned round = 0; round < 7 + 3 * bench.rounds(); ++round) {
    const auto reports = static_cast<unsigned>(random() % 25) + (round == 0 ? 1 : 0);
    const milliseconds more(random() % 40);
    bench.doing(fmt::format("a process was killed {} ms after {} reports", more.count(), reports));
    run_and_kill(bench, "0", reports, more, told);
    require_reported_state(bench, told, expected);
  }
}

}  // namespace lshost::check
