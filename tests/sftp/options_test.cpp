// The plugin's keys, and what they say.

#include "options.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "sftp/sshd.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;

namespace {

sftp::Options options_of(ConfigValues more) {
  more.insert({{"host", "backup:2222"}, {"user", "me"}, {"path", "/srv/replica"}});
  FakeHost host(more);
  return sftp::read_options(host.context());
}

std::string refusal(const ConfigValues& more) {
  const auto error = error_of([&] { (void)options_of(more); });
  if (error) CHECK(error->Code() == LSHOST_E_CONFIG);
  return error ? error->what() : "taken";
}

}  // namespace

TEST_CASE("options: what is not said has a default", "[sftp][options]") {
  const auto options = options_of({});
  CHECK(options.server.name() == "me@backup:2222");
  CHECK(options.path == "/srv/replica");
  CHECK(options.server.key_path.empty());
  CHECK(options.server.password.is_empty());
  CHECK(options.server.pins.empty());
  CHECK(options.server.connect_timeout == 15s);
  CHECK(options.server.timeout == 30s);
  CHECK(options.server.known_hosts == std::string(std::getenv("HOME")) + "/.ssh/known_hosts");
}

TEST_CASE("options: paths", "[sftp][options]") {
  CHECK(options_of({{"path", "/srv/replica//"}}).path == "/srv/replica");
  CHECK(options_of({{"path", "/"}}).path == "/");
  CHECK(options_of({{"path", "replica"}}).path == "replica");
  CHECK(options_of({{"key-path", "~/k"}}).server.key_path == std::string(std::getenv("HOME")) + "/k");
  CHECK(options_of({{"key-path", "/~/k"}}).server.key_path == "/~/k");
}

TEST_CASE("options: mistakes", "[sftp][options]") {
  CHECK(refusal({{"path", ""}}).find("path is empty") == 0);
  CHECK(refusal({{"user", ""}}).find("user is empty") == 0);
  CHECK(refusal({{"host", "a:b"}}).find("host = \"a:b\"") == 0);
  CHECK(refusal({{"host-key", "nonsense"}}).find("host-key = \"nonsense\"") == 0);
  CHECK(refusal({{"timeout", std::chrono::nanoseconds(0)}}).find("timeout has to be") == 0);
}

TEST_CASE("options: secrets may come from the environment, and are declared as secrets", "[sftp][options]") {
  ::setenv("LSHOST_SFTP_PASSWORD", "from outside", 1);
  CHECK(options_of({}).server.password.value == "from outside");
  CHECK(options_of({{"password", "configured"}}).server.password.value == "configured");
  ::unsetenv("LSHOST_SFTP_PASSWORD");
  for (const ConfigKey& key : sftp::keys()) {
    const std::string name = key.key;
    CHECK(key.secret == (name == "password" || name == "key-passphrase"));
  }
}
