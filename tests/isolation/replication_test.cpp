// Goal: with isolation = "process" every plugin does what it does without: unchanged, in a process of its own.
// Method: the real host and the plugins file (writes the loop itself), folder (a store, by the engine) and plain-c.

#include <catch2/catch.hpp>
#include <filesystem>

#include "isolation/processes.hpp"
#include "support/file_locks.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

const std::string kHead = std::string("plugin-path = [\"") + LSHOST_TEST_PLUGINS_DIR + "\", \"" + LSHOST_TEST_PLUGINS +
                          "\"]\n[log]\nlevel = \"debug\"\n";
const std::string kIsolated = "isolation = \"process\"\n";

/// By `lshost restore --config`, which reads the replica in a process of its own, too.
LedgerState restored(const World& world, const std::string& replica = {}) {
  const TempDir dir;
  std::vector<std::string> arguments = {"restore", "--config", world.config(), world.db(), "--output", dir / "out.db"};
  if (!replica.empty()) arguments.insert(arguments.end(), {"--replica", replica});
  const auto end = run_lshost(arguments);
  INFO(end.err);
  REQUIRE(end.status.code == 0);
  return verify_ledger(dir / "out.db");
}

}  // namespace

TEST_CASE("isolation: the file plugin replicates from a process of its own, and restores equal", "[isolation]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .more = kIsolated}},
                    .more = "min-checkpoint-pages = 100\n"}},
                  kHead);
  Host host(world.config());
  Writer writer(world.db(), {"payload=3000", "autocheckpoint=0"});
  writer.wait_for_commits(600);
  wait_until_replicated(world.replica(), 1);
  const auto children = plugin_processes(host.process().pid());
  REQUIRE(children.size() == 1);
  CHECK(has_mapped(children[0], "lshost-file.so"));
  CHECK_FALSE(has_mapped(host.process().pid(), "lshost-file.so"));  // not even to ask for its keys
  CHECK(lock_count(world.db() + "-shm", host.process().pid()) > 0);
  CHECK(lock_count(world.db() + "-shm", children[0]) == 0);
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK_FALSE(exists(children[0]));
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(restored(world).commit == newest_commit(world.db()));
  CHECK(generations_of(world.replica()).size() == 1);
}

TEST_CASE("isolation: a store, a plugin in C and one in the host stand side by side", "[isolation]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world / "store",
                                  .name = "store",
                                  .type = "folder",
                                  .more = kIsolated + "sync-interval = \"20ms\"\n"},
                                 {.path = "", .name = "c", .type = "plain-c", .more = kIsolated},
                                 {.path = world.replica()}}}},
                  kHead);
  Host host(world.config());
  Writer writer(world.db(), {"payload=3000"});
  writer.wait_for_commits(400);
  wait_until_replicated(world.replica(), 1);  // by the replica in the host; the others are of the same database
  CHECK(plugin_processes(host.process().pid()).size() == 2);
  writer.stop();
  CHECK(host.terminate() == 0);  // which says that all three had everything
  INFO(host.log());
  CHECK(restored(world, "store").commit == newest_commit(world.db()));
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

TEST_CASE("isolation: a snapshot that pages of the log lie over is read from the host's files", "[isolation]") {
  const World world;
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica(), .more = kIsolated}}}}, kHead);
  // No checkpoint has moved the second half when the host takes its image, and the writer goes on under it.
  Writer(world.db(), {"commits=1500", "payload=8000", "checkpoint=truncate", "every=1500"}).finish();
  Writer writer(world.db(), {"payload=4000", "autocheckpoint=0"});
  writer.wait_for_commits(300);
  Host host(world.config());
  wait_until_replicated(world.replica(), writer.last());
  const auto pid = host.process().pid();
  CHECK(lock_count(world.db() + "-shm", pid) > 0);  // the process has closed the database's descriptor by now
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(files_of(world.replica(), ".snapshot").size() == 1);
}

TEST_CASE("isolation: snapshots and retention keep their schedule", "[isolation]") {
  const World world;
  world.configure(
      {{.path = world.db(),
        .replicas = {{.path = world.replica(), .more = kIsolated + "snapshot-interval = \"1s\"\nretention = \"2s\"\n"}},
        .more = "min-checkpoint-pages = 20\n"}},
      kHead);
  Host host(world.config());
  Writer writer(world.db(), {"pause_us=5000"});
  wait_for("old snapshots to go", [&] { return host.log().find("removed what is older") != std::string::npos; });
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(restored(world).commit == newest_commit(world.db()));
}

TEST_CASE("isolation: what a plugin says to its configuration is said with its place", "[isolation]") {
  const World world;
  const auto said = [&](const std::string& more) {
    world.configure({{.path = world.db(), .replicas = {{.path = world.replica(), .more = more}}}}, kHead);
    return run_lshost({"config", "check", world.config()});
  };
  CHECK(said(kIsolated).status.code == 0);
  CHECK_THAT(said(kIsolated + "pathh = \"x\"\n").err, Catch::Contains("did you mean 'path'"));
  CHECK_THAT(said("isolation = \"proces\"\n").err, Catch::Contains("process"));
  CHECK_THAT(said("isolation-memory-limit = \"1GiB\"\n").err, Catch::Contains("isolation = \"process\""));
  CHECK_THAT(said(kIsolated + "isolation-memory-limit = \"1MiB\"\n").err, Catch::Contains("64MiB"));

  // What only the plugin knows, it says when it is made: and that is the end, as without isolation.
  world.configure(
      {{.path = world.db(),
        .replicas = {{.path = world / "store", .type = "folder", .more = kIsolated + "age-recipients = []\n"}}}},
      kHead);
  const auto end = run_lshost({"--config", world.config()});
  CHECK(end.status.code != 0);
  CHECK_THAT(end.err, Catch::Contains("age") && Catch::Contains("replicas.toml:"));
}

#if !defined(__SANITIZE_THREAD__)  // a thread of its own wakes up all the time
TEST_CASE("isolation: an idle replica in a process of its own costs no processor time", "[isolation]") {
  const World world;
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica(), .more = kIsolated}}}}, kHead);
  Writer(world.db(), {"commits=20"}).finish();
  Host host(world.config());
  wait_until_replicated(world.replica(), 20);
  const auto children = plugin_processes(host.process().pid());
  REQUIRE(children.size() == 1);
  const auto switches = [&] {
    std::int64_t total = 0;
    const std::string tasks = "/proc/" + std::to_string(children[0]) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      const std::string status = read_text(task.path() / "status");
      const auto at = status.find("voluntary_ctxt_switches:");
      if (at != std::string::npos) total += std::stoll(status.substr(at + 24));
    }
    return total;
  };
  wait_for("the replica to be quiet", [&] {
    const auto before = switches();
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    (void)wait_until([&] { return std::chrono::steady_clock::now() >= until; });
    return switches() == before;
  });
  CHECK(host.terminate() == 0);
}
#endif
