// Goal: plugins of another minor version than the host's replicate, and what they store can be restored (P7).
// Method: plugins built from frozen headers and from headers that are ahead of ours, loaded by the real host and by a
// host that is itself one minor version ahead; a writer, kill -9, restores by the command line.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;

namespace {

const std::string kHead = "plugin-path = [\"" LSHOST_TEST_COMPAT_PLUGINS "\"]\n";
const std::string kHost = LSHOST_TEST_PROGRAM;
const std::string kNextHost = LSHOST_TEST_NEXT_PROGRAM;  // the same sources, the headers of the next minor version

void configure(const World& world, const std::string& type, const std::string& head = kHead) {
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .type = type}},
                    .more = "checkpoint-interval = \"1s\"\nmin-checkpoint-pages = 50\n"}},
                  head);
}

std::int64_t restored_commit(const World& world, const std::string& program) {
  const TempDir dir;
  const auto end = run(
      {.command = {program, "restore", "--config", world.config(), world.db(), "--output", dir / "out.db"}}, kPatience);
  INFO(end.out << end.err);
  REQUIRE(end.status.code == 0);
  return verify_ledger(dir / "out.db").commit;
}

void replicate_once(const World& world, const std::string& program) {
  const auto once = run({.command = {program, "replicate", "--config", world.config(), "--once"}}, kPatience);
  INFO(once.out << once.err);
  REQUIRE(once.status.code == 0);
  CHECK_THAT(once.err, !Catch::Contains("promise"));
}

/// There is WAL to ship while the application has the database open, and not after it.
void replicate_beside_a_writer(const World& world, const std::string& program) {
  Writer writer(world.db(), {"payload=3000", "autocheckpoint=0"});
  writer.wait_for_commits(100);
  replicate_once(world, program);
  writer.stop();
  replicate_once(world, program);
}

std::string out_of(const std::vector<std::string>& command) {
  const auto end = run({.command = command});
  INFO(end.err);
  CHECK(end.status.code == 0);
  return end.out;
}

}  // namespace

TEST_CASE("compat: plugins of 1.0 replicate through kill -9, and what they stored is restored", "[e2e][abi]") {
  const auto* type = GENERATE("chain", "objects");
  CAPTURE(type);
  const World world;
  configure(world, type);
  Writer writer(world.db(), {"payload=3000", "autocheckpoint=0"});  // else the log restarts while there is no host
  for (int round = 0; round < 2; ++round) {
    Host host(world.config());
    writer.wait_for_commits(200);
    host.kill();
  }
  Host host(world.config());
  writer.wait_for_commits(200);
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(restored_commit(world, kHost) == newest_commit(world.db()));
}

TEST_CASE("compat: plugins of the next minor version replicate in this host", "[e2e][abi]") {
  const auto* type = GENERATE("next-chain", "next-objects");
  CAPTURE(type);
  const World world;
  configure(world, type);
  replicate_beside_a_writer(world, kHost);
  CHECK(restored_commit(world, kHost) == newest_commit(world.db()));
  CHECK_THAT(out_of({kHost, "plugin", "info", type, "--config", world.config()}), Catch::Contains("1.1"));
}

TEST_CASE("compat: plugins of 1.0 replicate in a host of the next minor version", "[e2e][abi]") {
  const auto* type = GENERATE("chain", "objects", "file");
  CAPTURE(type);
  const World world;
  configure(world, type);
  replicate_beside_a_writer(world, kNextHost);
  CHECK(restored_commit(world, kNextHost) == newest_commit(world.db()));
  // Both hosts may take turns at one replica.
  replicate_beside_a_writer(world, kHost);
  CHECK(restored_commit(world, kNextHost) == newest_commit(world.db()));
}

TEST_CASE("compat: the host keeps the promises that the ABI makes to older and newer plugins", "[e2e][abi]") {
  const auto [type, program] = GENERATE(
      table<std::string, std::string>({{"skew-older", kHost}, {"skew-newer", kHost}, {"skew-older", kNextHost}}));
  CAPTURE(type, program);
  const World world;
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica(), .type = type}}}}, kHead);
  // `path` is a key that this plugin does not have, `number` is one that it has.
  auto config = read_text(world.config());
  const auto path = config.find("path = \"" + world.replica());
  REQUIRE(path != std::string::npos);
  config.replace(path, config.find('\n', path) - path, "number = 42");
  write_text(world.config(), config);
  replicate_beside_a_writer(world, program);
}

TEST_CASE("compat: a plugin that refuses an old host is reported with its own sentence", "[e2e][abi]") {
  const World world;
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica(), .type = "skew-newer"}}}}, kHead);
  Writer(world.db(), {"commits=1"}).finish();
  const auto end = run({.command = {kNextHost, "replicate", "--config", world.config(), "--once"}}, kPatience);
  CHECK(end.status.code != 0);
  CHECK_THAT(end.out + end.err,
             Catch::Contains("lshost-skew-newer.so: it refuses this host: the host broke a promise of "
                             "the ABI: the host says that it is of a later minor version"));
}
