// The program with the plugin and a real server: replicated by a configuration, restored by a URL alone.

#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "sftp/sshd.hpp"
#include "support/app_database.hpp"
#include "support/process.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Matchers::Contains;

namespace {

Finished lshost_with(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}) {
  arguments.insert(arguments.begin(), LSHOST_TEST_PROGRAM);
  auto with_plugins = environment;
  with_plugins["LSHOST_PLUGIN_PATH"] = LSHOST_TEST_PLUGINS;
  return run({.command = std::move(arguments), .environment = with_plugins});
}

/// What is behind the '?' to reach this server.
std::string query(const Sshd& sshd) {
  return "?key-path=" + (sshd / "user_key") + "&known-hosts=" + sshd.known_hosts();
}

}  // namespace

TEST_CASE("sftp program: a database is replicated, listed and restored by URL", "[sftp][program]") {
  const Sshd sshd;
  const TempDir folder;
  write_file(folder / "replicas.toml",
             "[[database]]\npath = \"" + (folder / "app.db") +
                 "\"\n[[database.replica]]\ntype = \"sftp\"\nsync-interval = \"0s\"\nhost = \"" + sshd.host() +
                 "\"\nuser = \"" + user_name() + "\"\npath = \"" + sshd.store() + "\"\nkey-path = \"" +
                 (sshd / "user_key") + "\"\nknown-hosts = \"" + sshd.known_hosts() + "\"\n");
  AppConnection database(folder / "app.db");
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES('first')");
  {
    Process host({.command = {LSHOST_TEST_PROGRAM, "--config", folder / "replicas.toml"},
                  .environment = {{"LSHOST_PLUGIN_PATH", LSHOST_TEST_PLUGINS}}});
    for (int i = 0; i < 20; ++i) database.exec("INSERT INTO t VALUES(hex(randomblob(500)))");
    REQUIRE(wait_until([&] { return !tree(sshd.store()).empty(); }));
    host.kill(SIGTERM);  // drains
    const auto status = host.wait();
    REQUIRE(status);
    INFO(host.err());
    REQUIRE(status->code == 0);
  }
  const std::string url = "sftp://" + user_name() + "@" + sshd.host() + sshd.store();

  const auto listed = lshost_with({"generations", url + query(sshd)});
  INFO(listed.err);
  CHECK(listed.status.code == 0);
  CHECK_THAT(listed.out, Contains(url) && !Contains("user_key"));

  const auto restored = lshost_with({"restore", url + query(sshd), "--output", folder / "restored.db"});
  INFO(restored.err);
  REQUIRE(restored.status.code == 0);
  const auto sum = [](const std::string& path) {
    const auto finished = run({.command = {"sqlite3", path, "SELECT count(*), sum(length(x)), min(x) FROM t"}});
    return finished.out + finished.err;
  };
  CHECK(sum(folder / "restored.db") == sum(folder / "app.db"));
  CHECK_THAT(sum(folder / "restored.db"), Contains("21|"));
}

TEST_CASE("sftp program: an unknown server and a secret in a URL are refused with what to do", "[sftp][program]") {
  const Sshd sshd;
  const TempDir folder;
  const std::string url = "sftp://" + user_name() + "@" + sshd.host() + sshd.store();
  const auto unknown = lshost_with({"restore", url + "?known-hosts=/nonexistent", "--output", folder / "out.db"});
  CHECK(unknown.status.code != 0);
  CHECK_THAT(unknown.err, Contains("is not in /nonexistent") && Contains("ssh-keyscan"));
  const auto secret = lshost_with({"restore", url + "?password=hunter2", "--output", folder / "out.db"});
  CHECK(secret.status.code != 0);
  CHECK_THAT(secret.err, Contains("LSHOST_SFTP_PASSWORD") && !Contains("hunter2"));
}
