// Goal: the SFTP plugin keeps what the ABI promises, on a real server, by the suite that plugin authors run.

#include <catch2/catch.hpp>

#include "sftp/sshd.hpp"
#include "support/plugin_check.hpp"

using namespace lshost::test;

TEST_CASE("sftp: the plugin passes the conformance suite", "[sftp][check]") {
  const Sshd sshd;
  const auto result = check_plugin(
      std::string(LSHOST_TEST_PLUGINS) + "/lshost-sftp.so",
      {"--set", "host=" + sshd.host(), "--set", "user=" + user_name(), "--set", "path=" + sshd.store() + "/{unique}",
       "--set", "key-path=" + (sshd / "user_key"), "--set", "known-hosts=" + sshd.known_hosts()});
  INFO(result.reasons << result.printed);
  CHECK(result.exit_code == 0);
  CHECK(result.failed.empty());
}
