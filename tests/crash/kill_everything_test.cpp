// kill -9 of host and application in random order, with checkpoints of random modes, from one seed.

#include <catch2/catch.hpp>
#include <memory>

#include "crash/rounds.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

std::vector<std::string> nasty_options(std::mt19937_64& random) {
  static const std::vector<std::string> modes = {"passive", "full", "restart", "truncate"};
  std::vector<std::string> options = {"payload=" + std::to_string(between(random, 10, 9000)),
                                      "every=" + std::to_string(between(random, 3, 30)),
                                      "autocheckpoint=" + std::to_string(between(random, 0, 1) * 30)};
  if (between(random, 0, 2) != 0)
    options.push_back("checkpoint=" + modes[static_cast<std::size_t>(between(random, 0, 3))]);
  if (between(random, 0, 3) == 0) options.push_back("vacuum=1");
  if (between(random, 0, 3) == 0) options.push_back("reopen=1");
  return options;
}

}  // namespace

// Goal: P2 after anything. Whatever is restored is one commit, not older than what the replica had before, and in the
// end
//       the replica is the database.
// Method: random kills; after each host's death a restore, in the end a comparison page by page.
TEST_CASE("crash: whatever is killed, a restore is one commit, and never an older one than before", "[crash]") {
  std::mt19937_64 random(crash_seed() + 2);
  CAPTURE(crash_seed());
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .name = "one"}, {.path = world / "two", .name = "two"}},
                    .more = "min-checkpoint-pages = 50\n"}});
  Writer(world.db(), {"commits=20"}).finish();
  auto host = std::make_unique<Host>(world.config());
  wait_until_replicated(world.replica(), 20);
  wait_until_replicated(world / "two", 20);

  std::int64_t before = 20;
  const int rounds = crash_rounds(10);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Writer writer(world.db(), nasty_options(random));
    Writer other(world.db(), nasty_options(random));
    writer.wait_for_commits(between(random, 5, 80));
    if (between(random, 0, 1) == 0) writer.kill();
    if (between(random, 0, 2) != 0) {
      host->kill();
      if (const auto restored = try_restored_ledger(world.replica())) {
        CHECK(restored->commit >= before);
        before = restored->commit;
      }
      (void)try_restored_ledger(world / "two");
      if (between(random, 0, 1) == 0) other.wait_for_commits(between(random, 1, 40));
      host = std::make_unique<Host>(world.config());
    }
    if (between(random, 0, 1) == 0) other.kill();
    if (writer.process().is_running()) writer.stop();
    if (other.process().is_running()) other.stop();
  }

  Writer(world.db(), {"commits=5"}).finish();
  const auto last = newest_commit(world.db());
  wait_until_replicated(world.replica(), last);
  wait_until_replicated(world / "two", last);
  CHECK(host->terminate() == 0);
  INFO(host->log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(difference_after_restore(world.db(), world / "two").value_or("") == "");
}
