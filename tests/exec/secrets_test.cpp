// Goal: a secret of the configuration is nowhere but in the memory of those who need it.
// Method: a host at its most talkative, with a plugin in a process of its own that fails and is given a secret, and a
// look at everything that other users, logs and core files could show.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

const std::string kSecret = "hunter2-of-the-night";

std::string proc_file(const std::string& pid, const std::string& name) {
  std::ifstream in("/proc/" + pid + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The numbers of all processes below one.
std::set<std::string> family_of(pid_t pid) {
  std::set<std::string> family = {std::to_string(pid)};
  for (std::size_t before = 0; before != family.size();) {
    before = family.size();
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;  // no process
      const auto stat = proc_file(name, "stat");
      const auto name_end = stat.rfind(')');
      if (name_end == std::string::npos) continue;
      const auto parent_begin = name_end + 4;  // ") S PARENT"
      if (parent_begin >= stat.size()) continue;
      if (family.contains(stat.substr(parent_begin, stat.find(' ', parent_begin) - parent_begin))) family.insert(name);
    }
  }
  return family;
}

bool has_secret(const std::string& text) { return text.find(kSecret) != std::string::npos; }

}  // namespace

TEST_CASE("secrets: neither logs, nor status, nor command lines, nor environments of plugins show them",
          "[exec][security]") {
  const auto isolation = GENERATE(as<std::string>{}, "none", "process");
  CAPTURE(isolation);
  const World world;
  // Every program that it starts fails, and says all that it knows.
  const std::string failing = "[\"sh\", \"-c\", \"echo no access with $TOKEN >&2; exit 1\"]";
  world.configure(
      {{.path = world.db(),
        .replicas = {{.path = "",
                      .name = "r",
                      .type = "exec",
                      .more = "isolation = \"" + isolation + "\"\nenv = [\"TOKEN=" + kSecret + "\"]\nput = " + failing +
                              "\nget = " + failing + "\nlist = " + failing + "\nremove = " + failing + "\n"}}}},
      "[log]\nlevel = \"trace\"\n");
  Writer(world.db(), {"commits=3"}).finish();

  Host host(world.config());
  wait_for("a failure that names the token", [&] { return host.log().find("no access with") != std::string::npos; });
  for (const auto& pid : family_of(host.process().pid())) {
    CAPTURE(pid, proc_file(pid, "comm"));
    CHECK_FALSE(has_secret(proc_file(pid, "cmdline")));
    const bool is_ours = proc_file(pid, "comm") == "lshost\n";  // the programs are given it, that is what it is for
    if (is_ours) CHECK_FALSE(has_secret(proc_file(pid, "environ")));
    if (is_ours) CHECK(proc_file(pid, "limits").find("Max core file size        1 ") != std::string::npos);
  }
  const auto status = run_lshost({"status", "--config", world.config(), "--json"});
  CHECK_FALSE(has_secret(status.out + status.err));
  const auto check = run_lshost({"config", "check", world.config()});
  CHECK_FALSE(has_secret(check.out + check.err));
  CHECK(check.err.find("everybody can read this file, and it holds a secret") != std::string::npos);
  const auto restore = run_lshost({"restore", "--config", world.config(), "--output", world / "out.db", world.db()});
  CHECK(restore.status.code != 0);
  CHECK_FALSE(has_secret(restore.out + restore.err));
  host.kill();
  CHECK_FALSE(has_secret(host.log()));
}
