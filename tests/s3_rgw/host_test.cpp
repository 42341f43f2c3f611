// Goal: the main job with a bucket in place of a folder: lshost as a person runs it, with the plugin as a .so.
// Method: a writer at full speed, kill -9 of the host, a second host in the same place, restores by configuration and
// by URL with keys from the environment.

#include <catch2/catch.hpp>
#include <filesystem>

#include "gateway.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

/// A database whose replica lies at "app" in a bucket of its own.
struct S3World : World {
  explicit S3World(const Gateway& gateway) : server(gateway), store(gateway) { configure(config(), db()); }

  void configure(const std::string& path, const std::string& database, const std::string& head = {}) const {
    const std::string more = "bucket = \"" + store.bucket() + "\"\nendpoint = \"" + server.endpoint +
                             "\"\naccess-key-id = \"" + server.access_key + "\"\nsecret-access-key = \"" +
                             server.secret_key + "\"\nsync-interval = \"20ms\"\n";
    write_text(path,
               config_text({{.path = database, .replicas = {{.path = "app", .type = "s3", .more = more}}}}, head));
  }
  [[nodiscard]] std::vector<std::string> keys(const std::string& part) {
    std::vector<std::string> found;
    for (const auto& key : all_keys()) {
      if (key.find(part) != std::string::npos) found.push_back(key);
    }
    return found;
  }
  [[nodiscard]] std::vector<std::string> all_keys() {
    Store whole(server, {{"prefix", std::string("app")}}, store.bucket());
    return whole.list();
  }

  const Gateway server;
  Store store;  // the bucket
};

}  // namespace

TEST_CASE("s3: a database is replicated by a real host, killed and started again, and restored", "[s3][rgw][e2e]") {
  const auto server = gateway();
  if (!server) return;
  S3World world(*server);
  Writer writer(world.db(), {"payload=2000", "autocheckpoint=0", "pause_us=500"});
  for (int round = 0; round < 3; ++round) {
    Host host(world.config());
    wait_for("the first snapshot", [&] { return !world.keys("/snapshots/").empty(); });
    writer.wait_for_commits(200);
    host.kill();
  }
  Host host(world.config());
  wait_for("the database to be replicated",
           [&] { return host.log().find("database: replicating") != std::string::npos; });
  writer.wait_for_commits(100);
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());

  const auto by_configuration =
      run_lshost({"restore", "--config", world.config(), world.db(), "--output", world / "a.db"});
  INFO(by_configuration.err);
  REQUIRE(by_configuration.status.code == 0);
  CHECK(verify_ledger(world / "a.db").commit == newest_commit(world.db()));

  const std::string url = "s3://" + world.store.bucket() + "/app?endpoint=" + server->endpoint;
  const std::map<std::string, std::string> keys = {{"AWS_ACCESS_KEY_ID", server->access_key},
                                                   {"AWS_SECRET_ACCESS_KEY", server->secret_key}};
  const auto by_url = run(
      {.command = {LSHOST_TEST_PROGRAM, "restore", url, "--output", world / "b.db"}, .environment = keys}, kPatience);
  INFO(by_url.err);
  REQUIRE(by_url.status.code == 0);
  CHECK(read_text(world / "b.db") == read_text(world / "a.db"));

  const auto wrong = run({.command = {LSHOST_TEST_PROGRAM, "restore", url, "--output", world / "c.db"},
                          .environment = {{"AWS_ACCESS_KEY_ID", server->access_key}, {"AWS_SECRET_ACCESS_KEY", "no"}}},
                         kPatience);
  CHECK(wrong.status.code != 0);
  CHECK_THAT(wrong.err, Catch::Contains("the signature is wrong"));
  CHECK_THAT(wrong.err, !Catch::Contains("AWS_SECRET") && !Catch::Contains("\"no\""));
}

// Two machines with the same database, the same local state and one place: what a clone of a machine comes to. A copied
// folder is another file, and the host knows that by itself; in a clone it is the same, as it is here without "origin".
TEST_CASE("s3: a second host in the same place is found out, and nothing of the first is lost", "[s3][rgw][e2e]") {
  const auto server = gateway();
  if (!server) return;
  S3World world(*server);
  {
    Host host(world.config());
    Writer writer(world.db(), {"payload=500", "autocheckpoint=0", "pause_us=2000"});
    writer.wait_for_commits(20);
    writer.kill();  // its log stays, and both go on from its end
    wait_for("the replica", [&] { return !world.keys("/wal/").empty(); });
    CHECK(host.terminate() == 0);
  }
  const TempDir copy;
  std::filesystem::copy(world / "", copy.path(), std::filesystem::copy_options::recursive);
  REQUIRE(std::filesystem::remove(copy / ".app.db-lshost/origin"));
  world.configure(copy / "replicas.toml", copy / "app.db", "shutdown-timeout = \"1s\"\n");

  Host first(world.config());
  Host second(copy / "replicas.toml");
  for (const Host* host : {&first, &second}) {
    wait_for("both to know where they stand",
             [&] { return host->log().find("position at the destination") != std::string::npos; });
  }
  const auto stored = world.keys("/wal/").size();
  Writer(world.db(), {"payload=500", "commits=5"}).finish();
  wait_for("the first host's commits", [&] { return world.keys("/wal/").size() > stored; });
  Writer(copy / "app.db", {"payload=500", "commits=5"}).finish();
  wait_for("the second host to say so",
           [&] { return second.log().find("another host stores into the same place") != std::string::npos; });
  CHECK(second.terminate() == 1);  // not everything is durable
  Writer(world.db(), {"payload=500", "commits=5"}).finish();
  CHECK(first.terminate() == 0);

  const auto end = run_lshost({"restore", "--config", world.config(), world.db(), "--output", world / "out.db"});
  INFO(end.err);
  REQUIRE(end.status.code == 0);
  CHECK(verify_ledger(world / "out.db").commit == newest_commit(world.db()));
}
