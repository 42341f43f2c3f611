// Goal: no core file with keys and rows in it. Method: a running host, and its limit as the kernel has it.

#include <catch2/catch.hpp>

#include "support/process.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

/// "1" of "Max core file size   1   unlimited   bytes", of a host that was started with as much as there may be.
std::string core_limit_of_host(const std::map<std::string, std::string>& environment) {
  const World world;
  Process host({.command = {"sh", "-c", "ulimit -S -c \"$(ulimit -H -c)\" && exec \"$0\" --config \"$1\"",
                            LSHOST_TEST_PROGRAM, world.config()},
                .environment = environment});
  wait_for("the start", [&] { return host.err().find("started") != std::string::npos; });
  const std::string limits = read_text("/proc/" + std::to_string(host.pid()) + "/limits");
  const auto line = limits.find("Max core file size");
  REQUIRE(line != std::string::npos);
  const auto begin = limits.find_first_not_of(' ', line + 18);
  return limits.substr(begin, limits.find(' ', begin) - begin);
}

}  // namespace

TEST_CASE("limits: no core file is left, unless that is asked for", "[e2e][security]") {
  const std::string allowed = core_limit_of_host({{"LSHOST_CORE_DUMPS", "1"}});
  if (allowed == "0") {
    WARN("skipped: nobody may leave core files here");
    return;
  }
  CHECK(allowed != "1");
  // 1, not 0: with 0, a program that the kernel pipes core files to would still get one.
  CHECK(core_limit_of_host({}) == "1");
}
