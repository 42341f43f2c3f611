// Goal: whatever a plugin does in a process of its own, it costs a restart of that process and nothing else.
// Method: the plugin rogue misbehaves in every way beside a healthy replica in the host and a second database, which
// both have to go on; then it behaves, and has to catch up.

#include <catch2/catch.hpp>
#include <csignal>

#include "isolation/processes.hpp"
#include "support/world.hpp"

using namespace lshost::test;
using Catch::Contains;

namespace {

const std::string kHead = std::string("plugin-path = [\"") + LSHOST_TEST_PLUGINS_DIR + "\", \"" + LSHOST_TEST_PLUGINS +
                          "\"]\nshutdown-timeout = \"60s\"\n";

struct Misdeed {
  std::string act;
  std::string when;
  std::string said;       ///< in the log
  std::string more = {};  ///< lines of TOML
};

/// A host with the rogue first, so that it is in everybody's way if it can be.
struct Scene {
  explicit Scene(const Misdeed& misdeed, bool is_once = true) {
    std::string more =
        "isolation = \"process\"\nact = \"" + misdeed.act + "\"\nwhen = \"" + misdeed.when + "\"\n" + misdeed.more;
    if (is_once) more += "once = \"" + (world / "done") + "\"\n";
    world.configure({{.path = world.db(),
                      .replicas = {{.path = "", .type = "rogue", .more = more}, {.path = world.replica()}},
                      .more = "min-checkpoint-pages = 50\n"},
                     {.path = world / "second.db", .replicas = {{.path = world / "second"}}}},
                    kHead);
  }

  /// The healthy ones have everything.
  void check_the_others() {
    CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
    CHECK(difference_after_restore(world / "second.db", world / "second").value_or("") == "");
    CHECK(generations_of(world.replica()).size() == 1);
  }

  World world;
};

}  // namespace

namespace {

void check_that_it_comes_back(const Misdeed& misdeed) {
  CAPTURE(misdeed.act, misdeed.when);
  Scene scene(misdeed);
  Host host(scene.world.config());
  Writer writer(scene.world.db(), {"payload=1000", "autocheckpoint=0", "pause_us=500"});
  Writer other(scene.world / "second.db", {"writer=2", "pause_us=500"});
  wait_for("the misdeed", [&] { return host.log().find(misdeed.said) != std::string::npos; });
  wait_until_replicated(scene.world.replica(), 1);
  wait_until_replicated(scene.world / "second", 1);
  writer.wait_for_commits(100);
  other.wait_for_commits(100);
  wait_for("the new process", [&] { return plugin_processes(host.process().pid()).size() == 1; });
  writer.stop();
  other.stop();
  // Ends with 0 only if all replicas, the rogue among them, have everything.
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK_THAT(host.log(), Contains("db=app.db") && Contains("replica=rogue"));
  CHECK_THAT(host.log(), Contains("rogue: " + misdeed.act));  // what it printed, as lines of the log
  scene.check_the_others();
}

}  // namespace

TEST_CASE("isolation: a plugin that dies is started again, and nobody else notices", "[isolation]") {
  check_that_it_comes_back(GENERATE(values<Misdeed>({
      {"segv", "worker", "was ended by signal 11"},
      {"abort", "worker", "was ended by signal 6"},
      {"exit", "worker", "ended by itself with exit code 3"},
      {"kill", "worker", "was ended by signal 9"},
      {"close-all", "worker", "closed its connection to the host"},
      {"segv", "start", "was ended by signal 11"},
      {"exit", "create", "ended by itself with exit code 3"},
  })));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their shadow is more than any limit
TEST_CASE("isolation: a plugin that leaks is ended at its limit and started again", "[isolation]") {
  check_that_it_comes_back(
      {"leak", "worker", "needed more than its isolation-memory-limit", "isolation-memory-limit = \"256MiB\"\n"});
}
#endif

TEST_CASE("isolation: a plugin that hangs in create or start is killed and started again", "[isolation]") {
  const auto when = GENERATE("create", "start");
  CAPTURE(when);
  Scene scene({"spin", when, ""});
  Writer first(scene.world.db(), {"payload=1000", "pause_us=500"});
  Host host(scene.world.config());
  wait_for("its end", [&] { return host.log().find("did not answer to " + std::string(when)) != std::string::npos; });
  first.wait_for_commits(50);
  first.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK_THAT(host.log(), Contains("it was killed"));
}

TEST_CASE("isolation: a plugin that does not stop is killed, and the host ends as it should", "[isolation]") {
  const auto act = GENERATE("spin", "hang", "segv");
  CAPTURE(act);
  Scene scene({act, "stop", ""}, /*is_once=*/false);
  Host host(scene.world.config());
  Writer(scene.world.db(), {"commits=100"}).finish();
  Writer(scene.world / "second.db", {"commits=100"}).finish();
  wait_until_replicated(scene.world.replica(), 100);
  wait_until_replicated(scene.world / "second", 100);
  wait_for("its process", [&] { return plugin_processes(host.process().pid()).size() == 1; });
  const auto children = plugin_processes(host.process().pid());
  CHECK(host.terminate() == 0);
  INFO(host.log());
  for (const auto child : children) CHECK_FALSE(exists(child));
  CHECK(host.log().find("everything that was captured is durable") != std::string::npos);
  scene.check_the_others();
}

TEST_CASE("isolation: a plugin that can not even be loaded harms nobody", "[isolation]") {
  Scene scene({"none", "never", ""});
  const auto end = run({.command = {LSHOST_TEST_PROGRAM, "config", "check", scene.world.config()},
                        .environment = {{"LSHOST_TEST_ROGUE_LOAD", "abort"}}},
                       kPatience);
  CHECK(end.status.signal == 0);
  CHECK(end.status.code == 2);
  CHECK_THAT(end.err, Contains("was ended by signal 6") && Contains("replicas.toml:"));
}

TEST_CASE("isolation: a position that was never handed out is refused", "[isolation]") {
  Scene scene({"lie", "worker", ""});
  Host host(scene.world.config());
  Writer writer(scene.world.db(), {"autocheckpoint=0"});
  wait_for("a word about it", [&] { return host.log().find("does not exist") != std::string::npos; });
  writer.wait_for_commits(50);
  writer.stop();
  CHECK(host.terminate() == 0);
}

TEST_CASE("isolation: a plugin that always dies is started at growing intervals, and leaves no zombies",
          "[isolation]") {
  Scene scene({"abort", "start", ""}, /*is_once=*/false);
  Host host(scene.world.config());
  Writer writer(scene.world.db(), {"pause_us=1000"});
  wait_until_replicated(scene.world.replica(), 20);
  const auto deaths = [&] {
    std::size_t count = 0;
    const auto log = host.log();
    for (auto at = log.find("rogue: abort"); at != std::string::npos; at = log.find("rogue: abort", at + 1)) ++count;
    return count;
  };
  wait_for("a few deaths", [&] { return deaths() >= 4; });
  CHECK(deaths() < 12);
  // At most the one that is dying now.
  CHECK(zombies_of(host.process().pid()) <= 1);
  writer.stop();
  host.kill();
}
