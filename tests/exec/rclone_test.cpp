// Goal: docs/plugins/exec.md works as it is written, with the real rclone.
// Method: its example, with only the paths changed, in the real host; behind the remote is an encrypted folder, as one
// way in which rclone does what no plugin of ours has to.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/process.hpp"
#include "support/world.hpp"

using namespace lshost::test;
using Catch::Contains;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The first example of the page.
std::string documented_example() {
  const auto page = read_text(std::string(LSHOST_TEST_SOURCE_DIR) + "/docs/plugins/exec.md");
  const std::string fence = "```toml\n";
  const auto begin = page.find(fence);
  REQUIRE(begin != std::string::npos);
  return page.substr(begin + fence.size(), page.find("```\n", begin + fence.size()) - begin - fence.size());
}

/// Restored by the command line, with what the configuration names.
LedgerState restored(const World& world) {
  const auto end =
      run_lshost({"restore", "--config", world.config(), world.db(), "--output", world / "out.db", "--force"});
  INFO(end.err);
  REQUIRE(end.status.code == 0);
  return verify_ledger(world / "out.db");
}

}  // namespace

TEST_CASE("exec: the documented example replicates and restores through rclone's encryption", "[exec][e2e]") {
  const World world;
  const auto obscured = run({.command = {"rclone", "obscure", "correct horse"}});
  REQUIRE(obscured.status.code == 0);
  write_text(world / "rclone.conf",
             "[remote]\ntype = crypt\nremote = " + (world / "hidden") + "\npassword = " + obscured.out + "\n");
  auto config = replaced(documented_example(), "/etc/lshost/rclone.conf", world / "rclone.conf");
  config = replaced(config, "/var/lib/app/app.db", world.db());
  write_text(world.config(),
             config + "  sync-interval = \"200ms\"\n  retention = \"2s\"\n  snapshot-interval = \"1s\"\n");
  CHECK(run_lshost({"config", "check", world.config()}).status.code == 0);

  Writer writer(world.db());
  {
    Host host(world.config());
    wait_for("the first objects", [&] { return std::filesystem::exists(world / "hidden"); });
    writer.wait_for_commits(100);
    wait_for("more than one snapshot", [&] {
      const auto listed = run_lshost({"snapshots", "--config", world.config(), "--json"});
      const auto count = [&](const std::string& word) {
        std::size_t n = 0;
        for (auto at = listed.out.find(word); at != std::string::npos; at = listed.out.find(word, at + 1)) ++n;
        return n;
      };
      return count("\"generation\"") > 1;
    });
    wait_for("old ones to be removed",
             [&] { return host.log().find("removed what is older than the retention") != std::string::npos; });
    writer.stop();
    const int code = host.terminate();
    INFO(host.log());
    REQUIRE(code == 0);
  }
  CHECK(restored(world).commit == newest_commit(world.db()));
  {
    Host again(world.config());  // goes on with what rclone lists
    Writer(world.db(), {"commits=5"}).finish();
    const int code = again.terminate();
    INFO(again.log());
    REQUIRE(code == 0);
  }
  CHECK(restored(world).commit == newest_commit(world.db()));
}

TEST_CASE("exec: a remote that is not there is a reason that the log has", "[exec][e2e]") {
  const World world;
  write_text(world / "rclone.conf", "");
  auto config = replaced(documented_example(), "/etc/lshost/rclone.conf", world / "rclone.conf");
  write_text(world.config(), replaced(config, "/var/lib/app/app.db", world.db()));
  Writer(world.db(), {"commits=5"}).finish();
  Host host(world.config());
  wait_for("a word about it",
           [&] { return host.log().find("didn't find section in config file") != std::string::npos; });
  CHECK_THAT(host.log(), Contains("rclone ended with code 1"));
  host.kill();
}
