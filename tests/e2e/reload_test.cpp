// Goal: a running host takes a changed configuration and new plugins without a restart, and touches nothing else.
// Method: the real program with its control socket; what was not to be touched has the same times and generation.

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/client.hpp"
#include "control/unix_socket.hpp"
#include "support/world.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Contains;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

/// A world whose host can be asked.
class Controlled {
 public:
  Controlled() { fs::create_directory(plugins()); }

  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] std::string socket() const { return world_ / "control/s"; }
  [[nodiscard]] std::string plugins() const { return world_ / "plugins"; }
  [[nodiscard]] std::string second_db() const { return world_ / "second.db"; }

  void configure(const std::vector<DatabaseSetup>& databases, const std::string& head = {}) const {
    world_.configure(databases,
                     "plugin-path = [\"" + plugins() + "\"]\n" + head + "[control]\nsocket = \"" + socket() + "\"\n");
  }
  [[nodiscard]] DatabaseSetup first(const std::vector<ReplicaSetup>& more = {}) const {
    DatabaseSetup setup{.path = world_.db(), .replicas = {{.path = world_.replica(), .name = "kept"}}};
    setup.replicas.insert(setup.replicas.end(), more.begin(), more.end());
    return setup;
  }
  [[nodiscard]] DatabaseSetup second() const {
    return {.path = second_db(), .replicas = {{.path = world_ / "second-replica"}}};
  }

  [[nodiscard]] Finished command(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{name, "--config", world_.config()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_lshost(arguments);
  }
  [[nodiscard]] ordered_json status() const { return control::ask(socket(), {control::Command::status}); }

  void wait_until_listening() const {
    wait_for("the control socket", [&] {
      try {
        (void)status();
        return true;
      } catch (const Error&) {
        return false;
      }
    });
  }
  void wait_until_streaming(std::size_t replicas) const {
    wait_for("all replicas", [&] {
      std::size_t count = 0;
      const auto now = status();
      for (const auto& database : now["databases"]) {
        for (const auto& replica : database["replicas"]) count += replica["lag_bytes"].is_number() ? 1 : 0;
      }
      return count == replicas;
    });
  }

  /// What must not change of a replica that is not touched. `since` is when it was made.
  [[nodiscard]] std::string identity(std::size_t database, std::size_t replica) const {
    const auto all = status()["databases"];
    const auto& found = all.at(database);
    return found["path"].dump() + found["since"].dump() + found["generation"].dump() +
           found["replicas"].at(replica)["since"].dump();
  }

 private:
  World world_;
};

void copy_test_plugin(const std::string& type, const std::string& folder, const std::string& as) {
  const auto from = std::string(LSHOST_TEST_PLUGINS_DIR) + "/lshost-" + type + ".so";
  fs::copy_file(from, folder + "/new");
  fs::permissions(folder + "/new", fs::perms(0644));
  fs::rename(folder + "/new", folder + "/lshost-" + as + ".so");
}

/// Another build of a plugin: a byte of its build id differs, and its version.
void change_build(const std::string& path, const std::string& version, const std::string& next) {
  std::string bytes = read_text(path);
  for (auto at = bytes.find(version); at != std::string::npos; at = bytes.find(version, at + 1))
    bytes.replace(at, version.size(), next);
  const auto note = bytes.find(std::string("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU", 15));
  REQUIRE(note != std::string::npos);
  bytes[note + 16] = static_cast<char>(bytes[note + 16] ^ 1);
  write_text(path + ".new", bytes);
  fs::permissions(path + ".new", fs::perms(0644));
  fs::rename(path + ".new", path);
}

}  // namespace

TEST_CASE("e2e: databases and replicas come and go by reload, and the others notice nothing", "[e2e][reload]") {
  const Controlled host_of;
  host_of.configure({host_of.first()});
  Host host(host_of.world().config());
  Writer writer(host_of.world().db());
  writer.wait_for_commits(50);
  host_of.wait_until_listening();
  host_of.wait_until_streaming(1);
  const auto kept = host_of.identity(0, 0);

  const std::string added = host_of.world() / "added";
  host_of.configure({host_of.first({{.path = added, .name = "added"}}), host_of.second()});
  Writer second(host_of.second_db());
  const auto reload = host_of.command("reload");
  INFO(reload.out + reload.err + host.log());
  CHECK(reload.status.code == 0);
  CHECK_THAT(reload.out, Contains("added " + host_of.world().db() + " replica added\n") &&
                             Contains("added " + host_of.second_db() + "\n") && !Contains("kept"));
  wait_until_replicated(added, writer.last());
  second.wait_for_commits(20);
  wait_until_replicated(host_of.world() / "second-replica", second.last());
  CHECK(host_of.identity(0, 0) == kept);

  // What is taken out has all that was committed before.
  second.stop();
  host_of.configure({host_of.first()});
  const auto last = writer.last();
  const auto removal = host_of.command("reload", {"--json"});
  INFO(removal.out + removal.err);
  CHECK(removal.status.code == 0);
  CHECK(ordered_json::parse(removal.out)["actions"].size() == 2);
  CHECK(restored_ledger(added).commit >= last);
  CHECK(difference_after_restore(host_of.second_db(), host_of.world() / "second-replica").value_or("") == "");
  CHECK(host_of.status()["databases"].size() == 1);
  CHECK(host_of.identity(0, 0) == kept);
  CHECK(host_of.command("reload").out == "nothing in the configuration has changed\n");

  writer.stop();
  CHECK(host.terminate() == 0);
  CHECK(difference_after_restore(host_of.world().db(), host_of.world().replica()).value_or("") == "");
  CHECK(generations_of(host_of.world().replica()).size() == 1);
  CHECK_FALSE(fs::exists(host_of.socket()));
}

TEST_CASE("e2e: a changed replica begins anew where it was; a changed database goes on in its generation",
          "[e2e][reload]") {
  const Controlled host_of;
  const std::string other = host_of.world() / "other";
  host_of.configure({host_of.first({{.path = other, .name = "other"}})});
  Host host(host_of.world().config());
  Writer writer(host_of.world().db(), {"autocheckpoint=0"});
  writer.wait_for_commits(50);
  host_of.wait_until_listening();
  wait_until_replicated(other, writer.last());
  const auto kept = host_of.identity(0, 0);
  const auto changed = host_of.identity(0, 1);

  host_of.configure({host_of.first({{.path = other, .name = "other", .more = "retention = \"9h\"\n"}})});
  host.process().kill(SIGHUP);
  wait_for("the reload", [&] { return host.log().find("reload: restarted") != std::string::npos; });
  writer.wait_for_commits(20);
  wait_until_replicated(other, writer.last());
  CHECK(host_of.identity(0, 0) == kept);
  CHECK(host_of.identity(0, 1) != changed);
  CHECK(files_of(other, ".snapshot").size() == 1);  // nothing was lost on the way

  auto setup = host_of.first({{.path = other, .name = "other", .more = "retention = \"9h\"\n"}});
  setup.more = "min-checkpoint-pages = 900\n";
  host_of.configure({setup}, "shutdown-timeout = \"60s\"\n");
  const auto reload = host_of.command("reload");
  CHECK(reload.status.code == 0);
  CHECK(reload.out == "restarted " + host_of.world().db() + "\nchanged shutdown-timeout\n");
  writer.wait_for_commits(20);
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  for (const auto& replica : {host_of.world().replica(), other}) {
    CHECK(difference_after_restore(host_of.world().db(), replica).value_or("") == "");
    CHECK(generations_of(replica).size() == 1);
  }
}

TEST_CASE("e2e: a configuration with mistakes changes nothing, and all of them are reported", "[e2e][reload]") {
  const Controlled host_of;
  host_of.configure({host_of.first()});
  Host host(host_of.world().config());
  Writer(host_of.world().db(), {"commits=5"}).finish();
  host_of.wait_until_listening();
  host_of.wait_until_streaming(1);
  const auto kept = host_of.identity(0, 0);

  host_of.configure(
      {host_of.first({{.path = "/x", .name = "new", .more = "colour = 1\n"}, {.type = "no-such"}}), host_of.second()},
      "shutdown-timeout = 5\n");
  const auto refused = host_of.command("reload");
  INFO(refused.out);
  CHECK(refused.status.code == 2);
  CHECK(refused.out.empty());
  for (const auto* said : {"shutdown-timeout: expected a duration", "unknown key 'colour'",
                           "no plugin for type 'no-such'", "nothing was changed"}) {
    CHECK_THAT(refused.err, Contains(said));
    CHECK_THAT(host.log(), Contains(said));
  }
  // What only the plugin itself knows is found, too, before anything is done.
  host_of.configure({host_of.first({{.path = "relative", .name = "new"}}), host_of.second()});
  const auto plugin_says = host_of.command("reload");
  CHECK(plugin_says.status.code == 2);
  CHECK_THAT(plugin_says.err, Contains("not absolute"));
  write_text(host_of.world().config(), "[control]\nsocket = \"" + host_of.socket() + "\"\n\"");
  CHECK(host_of.command("reload", {"--socket", host_of.socket()}).status.code == 2);
  fs::remove(host_of.world().config());
  host.process().kill(SIGHUP);
  wait_for("a word about it", [&] { return host.log().find("No such file") != std::string::npos; });

  CHECK(host_of.status()["databases"].size() == 1);
  CHECK(host_of.identity(0, 0) == kept);
  CHECK(host.terminate() == 0);
}

TEST_CASE("e2e: a plugin that is dropped in is used after a reload, one that is replaced is told of", "[e2e][reload]") {
  const Controlled host_of;
  host_of.configure({host_of.first()});
  Host host(host_of.world().config());
  Writer(host_of.world().db(), {"commits=20"}).finish();
  host_of.wait_until_listening();
  const std::string store = host_of.world() / "store";
  const ReplicaSetup dropped_in{.path = store, .type = "folder"};

  host_of.configure({host_of.first({dropped_in})});
  CHECK(host_of.command("reload").status.code == 2);  // not there yet
  copy_test_plugin("folder", host_of.plugins(), "folder");
  const auto reload = host_of.command("reload");
  INFO(reload.out + reload.err + host.log());
  CHECK(reload.status.code == 0);
  CHECK_THAT(reload.out, Contains("found the new plugin type 'folder'") && Contains("replica folder"));
  host_of.wait_until_streaming(2);
  const std::string file = host_of.plugins() + "/lshost-folder.so";
  CHECK(host_of.status()["databases"][0]["replicas"][1]["plugin"] ==
        ordered_json{{"name", "lshost-folder"}, {"version", "1.0.0"}, {"file", file}});
  CHECK_THAT(host.log(), Contains("plugin=lshost-folder version=1.0.0 file=" + file));
  const auto kept = host_of.identity(0, 1);

  // Installed once more, or touched: nothing to tell. Another build: a restart is asked for, and all goes on meanwhile.
  copy_test_plugin("folder", host_of.plugins(), "folder");
  CHECK_THAT(host_of.command("reload").out, !Contains("restart"));
  change_build(file, "1.0.0", "1.0.9");
  const auto replaced = host_of.command("reload");
  CHECK(replaced.status.code == 0);
  const auto sentence = "type 'folder': " + file + " is lshost-folder 1.0.9 now, lshost-folder 1.0.0 is loaded";
  CHECK_THAT(replaced.out, Contains(sentence) && Contains("restart lshost"));
  CHECK_THAT(host.log(), Contains("type=folder file=" + file + " loaded=1.0.0 found=1.0.9"));
  CHECK_THAT(host_of.command("status").out, Contains(sentence) && Contains("lshost-folder 1.0.0"));
  CHECK(host_of.identity(0, 1) == kept);
  CHECK(host.terminate() == 0);

  Host restarted(host_of.world().config());
  host_of.wait_until_listening();
  CHECK(host_of.status()["databases"][0]["replicas"][1]["plugin"]["version"] == "1.0.9");
  CHECK(restarted.terminate() == 0);
}

TEST_CASE("e2e: status tells states, positions, lag and errors, to people and to programs", "[e2e][reload]") {
  const Controlled host_of;
  const std::string blocked = host_of.world() / "blocked";
  write_text(blocked, "not a folder");
  host_of.configure({host_of.first({{.path = blocked, .name = "blocked"}})});
  CHECK(host_of.command("status").status.code == 1);  // nobody listens
  Host host(host_of.world().config());
  Writer(host_of.world().db(), {"commits=20"}).finish();
  host_of.wait_until_listening();
  wait_for("both to be where they end up", [&] {
    const auto replicas = host_of.status()["databases"][0]["replicas"];
    return replicas[0]["lag_bytes"] == 0 && !replicas[1]["last_error"].is_null();
  });
  const auto json = host_of.command("status", {"--json"});
  CHECK(json.status.code == 0);
  const auto status = ordered_json::parse(json.out);
  const auto& database = status["databases"][0];
  CHECK(status["pid"] == host.process().pid());
  CHECK(status["config"] == host_of.world().config());
  CHECK(database["path"] == host_of.world().db());
  CHECK(database["state"] == "replicating");
  CHECK(database["replicas"][0]["position"] == database["position"]);
  CHECK(database["replicas"][1]["lag_bytes"].is_null());
  CHECK_THAT(database["replicas"][1]["last_error"].get<std::string>(), Contains(blocked));

  const auto text = host_of.command("status");
  CHECK(text.status.code == 0);
  CHECK_THAT(text.out, Contains("lshost-file") && Contains("blocked") && Contains("0 B") && Contains("replicating"));
  host.kill();
}

TEST_CASE("e2e: clients of the control socket can not hurt the host", "[e2e][reload]") {
  const Controlled host_of;
  host_of.configure({host_of.first()});
  Host host(host_of.world().config());
  Writer writer(host_of.world().db());
  host_of.wait_until_listening();
  std::vector<UniqueFd> bad;
  for (int i = 0; i < 40; ++i) {
    try {
      bad.push_back(control::connect_to(host_of.socket(), std::chrono::milliseconds(50)));
    } catch (const Error&) {
      break;  // no more is let in: what is needed
    }
    const std::string bytes = i % 3 == 0 ? "{\"command\":\"rel" : std::string(100'000, i % 3 == 1 ? '[' : '\n');
    (void)::send(bad.back().get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  writer.wait_for_commits(50);
  wait_until_replicated(host_of.world().replica(), writer.last());
  wait_for("an answer", [&] {
    try {
      return host_of.status()["databases"].size() == 1;
    } catch (const Error&) {
      return false;
    }
  });
  writer.stop();
  CHECK(host.terminate() == 0);
}
