// Goal: P1 and P3 for a plugin's process: killed at any moment, it loses nothing; and it never outlives its host.
// Method: kill -9 of the process in a loop under load, then of the host.

#include <catch2/catch.hpp>
#include <csignal>
#include <random>

#include "isolation/processes.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

const std::string kIsolated = "isolation = \"process\"\n";

pid_t wait_for_process(Host& host, pid_t other_than = -1) {
  pid_t found = -1;
  wait_for("the plugin's process", [&] {
    for (const pid_t pid : plugin_processes(host.process().pid())) {
      if (pid != other_than && has_mapped(pid, "lshost-file.so")) found = pid;
    }
    return found != -1;
  });
  return found;
}

}  // namespace

TEST_CASE("isolation: a process that is killed in a loop under load loses nothing", "[isolation][crash]") {
  std::mt19937_64 random(11);
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .more = kIsolated}},
                    .more = "min-checkpoint-pages = 100\n"}});
  Host host(world.config());
  Writer writer(world.db(), {"payload=3000", "autocheckpoint=0", "pause_us=500"});
  wait_until_replicated(world.replica(), 1);
  pid_t process = -1;
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    process = wait_for_process(host, process);
    writer.wait_for_commits(1 + static_cast<std::int64_t>(random() % 100));
    ::kill(process, SIGKILL);
    if (round % 4 != 3) continue;
    if (const auto restored = try_restored_ledger(world.replica())) CHECK(restored->commit >= 1);
  }
  const auto acknowledged = writer.last();
  wait_until_replicated(world.replica(), acknowledged);
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(generations_of(world.replica()).size() == 1);
}

TEST_CASE("isolation: a process that is killed over its snapshot holds no checkpoint back", "[isolation][crash]") {
  const World world;
  Writer(world.db(), {"commits=1500", "payload=16000"}).finish();
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .more = kIsolated}},
                    .more = "min-checkpoint-pages = 50\n"}},
                  "[log]\nlevel = \"debug\"\n");
  Host host(world.config());
  pid_t process = -1;
  for (int round = 0; round < 3; ++round) {
    process = wait_for_process(host, process);
    (void)wait_until([&] { return !files_of(world.replica(), ".tmp").empty(); }, std::chrono::seconds(5));
    ::kill(process, SIGKILL);
  }
  Writer writer(world.db(), {"payload=4000", "autocheckpoint=0"});
  const auto log_size = [&] { return std::filesystem::file_size(world.db() + "-wal"); };
  writer.wait_for_commits(200);
  writer.stop();
  wait_until_replicated(world.replica(), writer.last());
  CHECK(log_size() < 200 * 3 * 4096 * 10);  // it began again: nothing held it
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

TEST_CASE("isolation: a host that is killed leaves no process behind", "[isolation][crash]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .more = kIsolated},
                                 {.path = world / "two", .name = "two", .more = kIsolated}}}});
  Writer(world.db(), {"commits=20"}).finish();
  Host host(world.config());
  wait_until_replicated(world.replica(), 20);
  wait_for("both", [&] { return plugin_processes(host.process().pid()).size() == 2; });
  const auto processes = plugin_processes(host.process().pid());
  host.kill();
  for (const pid_t process : processes) wait_for("the end of the plugins", [&] { return !exists(process); });
}

TEST_CASE("isolation: signals that a whole group gets do not end a plugin before the drain", "[isolation]") {
  const World world;
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica(), .more = kIsolated}}}});
  Host host(world.config());
  Writer writer(world.db(), {"payload=20000"});
  wait_until_replicated(world.replica(), 1);
  const pid_t process = wait_for_process(host);
  ::kill(process, SIGTERM);
  ::kill(process, SIGINT);
  writer.wait_for_commits(100);
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(host.log().find("was ended by signal") == std::string::npos);
  CHECK_FALSE(exists(process));
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}
