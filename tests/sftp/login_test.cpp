// Who we are, and who the server is: everything that can be right or wrong about it, with a real server.

#include <signal.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sftp/sshd.hpp"
#include "support/process.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

const std::string kPassword = "correct horse battery staple";

std::string make_key(const std::string& path, const std::string& type = "ed25519", const std::string& passphrase = "",
                     const std::string& format = "RFC4716") {
  REQUIRE(run({.command = {"ssh-keygen", "-q", "-t", type, "-m", format, "-N", passphrase, "-f", path}}).status.code ==
          0);
  return path;
}

std::string public_key(const std::string& path) {
  const std::string line = content_of(path + ".pub");
  return line.substr(0, line.find(' ', line.find(' ') + 1));
}

void let_in(const Sshd& sshd, const std::string& key) {
  std::ofstream(sshd / "authorized_keys", std::ios::app) << content_of(key + ".pub");
}

void check_works(const ConfigValues& config) {
  Store store(config);
  store.put("a", "1");
  CHECK(store.get("a") == "1");
}

/// What the first call says, which must not have a secret in it.
Error failure(const ConfigValues& config) {
  Store store(config);
  const auto error = error_of([&] { store.put("a", "1"); });
  REQUIRE(error);
  CHECK_THAT(error->what(), !Contains(kPassword));
  return *error;
}

/// An agent of our own, for this test.
class Agent {
 public:
  explicit Agent(const std::string& key) {
    REQUIRE(wait_until([&] { return fs::exists(folder_ / "socket"); }));
    ::setenv("SSH_AUTH_SOCK", (folder_ / "socket").c_str(), 1);
    if (!key.empty()) REQUIRE(run({.command = {"ssh-add", "-q", key}}).status.code == 0);
  }
  ~Agent() { ::unsetenv("SSH_AUTH_SOCK"); }
  Process& process() { return agent_; }

 private:
  TempDir folder_;
  Process agent_{{.command = {"ssh-agent", "-D", "-a", folder_ / "socket"}}};
};

struct NoAgent {
  NoAgent() { ::unsetenv("SSH_AUTH_SOCK"); }
};

}  // namespace

TEST_CASE("sftp login: keys of every type that OpenSSH makes", "[sftp][login]") {
  const Sshd sshd;
  const std::string type = GENERATE(std::string("ed25519"), "ecdsa", "rsa");
  CAPTURE(type);
  const std::string key = make_key(sshd / "another", type);
  let_in(sshd, key);
  check_works(sshd.config({{"key-path", key}}));
}

TEST_CASE("sftp login: a key that the server does not know is refused with what was tried", "[sftp][login]") {
  const Sshd sshd;
  const Error error = failure(sshd.config({{"key-path", make_key(sshd / "stranger")}}));
  CHECK(error.Code() == LSHOST_E_DENIED);
  CHECK(error.IsRetryable());  // the server may be told about the key
  CHECK_THAT(error.what(), Contains(user_name() + "@" + sshd.host()) && Contains("it takes keys") &&
                               Contains("refused the key " + (sshd / "stranger")));
}

TEST_CASE("sftp login: a key with a passphrase", "[sftp][login]") {
  const Sshd sshd;
  const bool is_pem = GENERATE(false, true);  // the form of keys that are older than 2018
  const std::string key =
      make_key(sshd / "locked", is_pem ? "ecdsa" : "ed25519", kPassword, is_pem ? "PEM" : "RFC4716");
  let_in(sshd, key);
  check_works(sshd.config({{"key-path", key}, {"key-passphrase", kPassword}}));
  const Error without = failure(sshd.config({{"key-path", key}}));
  CHECK(without.Code() == LSHOST_E_CONFIG);
  CHECK_THAT(without.what(), Contains(key) && Contains("needs key-passphrase"));
  const Error wrong = failure(sshd.config({{"key-path", key}, {"key-passphrase", "wrong"}}));
  CHECK(wrong.Code() == LSHOST_E_CONFIG);
  CHECK_THAT(wrong.what(), Contains("key-passphrase is not the right one"));
}

TEST_CASE("sftp login: a key file that is not there, or is no key", "[sftp][login]") {
  const Sshd sshd;
  CHECK_THAT(failure(sshd.config({{"key-path", sshd / "nowhere"}})).what(),
             Contains((sshd / "nowhere") + " can not be read"));
  write_file(sshd / "text", "no key at all\n");
  CHECK_THAT(failure(sshd.config({{"key-path", sshd / "text"}})).what(), Contains("is no private key"));
}

TEST_CASE("sftp login: the agent's keys, where no key file is configured", "[sftp][login]") {
  const Sshd sshd;
  ConfigValues config = sshd.config();
  config.erase("key-path");
  SECTION("it has the right one") {
    const Agent agent(sshd / "user_key");
    check_works(config);
  }
  SECTION("it has none") {
    const Agent agent("");
    CHECK_THAT(failure(config).what(), Contains("refused the agent's keys"));
  }
  SECTION("there is none") {
    const NoAgent none;
    CHECK_THAT(failure(config).what(), Contains("none of that is configured: set key-path or password"));
  }
  SECTION("it does not answer") {
    Agent agent(sshd / "user_key");
    agent.process().kill(SIGSTOP);
    config["connect-timeout"] = std::chrono::nanoseconds(std::chrono::seconds(1));
    const auto started = std::chrono::steady_clock::now();
    CHECK(failure(config).IsRetryable());
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(10));
  }
  SECTION("it is not asked where a key file is configured") {
    const Agent agent(sshd / "user_key");
    config["key-path"] = make_key(sshd / "stranger");
    CHECK_THAT(failure(config).what(), Contains("refused the key") && !Contains("agent"));
  }
}

TEST_CASE("sftp login: a password, as such and as the answer to a question", "[sftp][login]") {
  const std::vector<std::string> how =
      GENERATE(std::vector<std::string>{"--set", "PasswordAuthentication yes"},
               std::vector<std::string>{"--set", "UsePAM yes", "--set", "KbdInteractiveAuthentication yes"});
  std::vector<std::string> options = {"--user", "lshosttest", kPassword};
  options.insert(options.end(), how.begin(), how.end());
  const Sshd sshd(options);
  if (!sshd.missing().empty()) {
    WARN("skipped: " << sshd.missing());
    return;
  }
  fs::create_directory(sshd.store());
  fs::permissions(fs::path(sshd.store()).parent_path(), fs::perms(0755));
  fs::permissions(sshd.store(), fs::perms::all);
  ConfigValues config = sshd.config({{"user", "lshosttest"}, {"password", kPassword}});
  config.erase("key-path");
  check_works(config);
  config["password"] = "wrong";
  const Error error = failure(config);
  CHECK(error.Code() == LSHOST_E_DENIED);
  CHECK_THAT(error.what(), Contains("refused the password") && !Contains("wrong"));
}

TEST_CASE("sftp login: a key and a password, where the server wants both", "[sftp][login]") {
  const Sshd sshd({"--user", "lshosttest", kPassword, "--set", "PasswordAuthentication yes", "--set",
                   "AuthenticationMethods publickey,password"});
  if (!sshd.missing().empty()) {
    WARN("skipped: " << sshd.missing());
    return;
  }
  fs::create_directory(sshd.store());
  fs::permissions(fs::path(sshd.store()).parent_path(), fs::perms(0755));
  fs::permissions(sshd.store(), fs::perms::all);
  check_works(sshd.config({{"user", "lshosttest"}, {"password", kPassword}}));
  CHECK(failure(sshd.config({{"user", "lshosttest"}})).Code() == LSHOST_E_DENIED);
}

TEST_CASE("sftp trust: an unknown server is refused with its fingerprint and what to run", "[sftp][trust]") {
  const Sshd sshd;
  const std::string known_hosts = GENERATE(std::string("missing"), "empty", "other");
  if (known_hosts == "empty") write_file(sshd / known_hosts, "# nobody\n");
  if (known_hosts == "other") write_file(sshd / known_hosts, "backup.example.org " + sshd.host_key() + "\n");
  const Error error = failure(sshd.config({{"known-hosts", sshd / known_hosts}}));
  CHECK(error.Code() == LSHOST_E_DENIED);
  CHECK(error.IsRetryable());
  const std::string port = sshd.host().substr(sshd.host().find(':') + 1);
  const auto listed = run({.command = {"ssh-keygen", "-l", "-f", sshd / "host_key.pub"}});
  const std::string fingerprint = listed.out.substr(listed.out.find("SHA256:"), 50);
  CHECK_THAT(error.what(), Contains("is not in " + (sshd / known_hosts)) && Contains("ssh-ed25519 " + fingerprint) &&
                               Contains("ssh-keyscan -p " + port + " 127.0.0.1 >> " + (sshd / known_hosts)) &&
                               Contains("host-key = \"" + sshd.host_key() + "\""));
  CHECK(sshd.logins() == 0);
}

TEST_CASE("sftp trust: what the message says, done, lets the server be trusted", "[sftp][trust]") {
  const Sshd sshd;
  const std::string port = sshd.host().substr(sshd.host().find(':') + 1);
  const auto scanned = run({.command = {"ssh-keyscan", "-p", port, "127.0.0.1"}});
  REQUIRE_THAT(scanned.out, Contains("ssh-ed25519"));
  write_file(sshd / "scanned", scanned.out);
  check_works(sshd.config({{"known-hosts", sshd / "scanned"}}));
}

TEST_CASE("sftp trust: names in known_hosts may be hashed", "[sftp][trust]") {
  const Sshd sshd;
  const ConfigValues config = sshd.config();
  const std::string path = sshd / "known_hosts";
  REQUIRE(run({.command = {"ssh-keygen", "-q", "-H", "-f", path}}).status.code == 0);
  REQUIRE_THAT(content_of(path), Contains("|1|") && !Contains("127.0.0.1"));
  check_works(config);
}

TEST_CASE("sftp trust: a server with another key than before is refused", "[sftp][trust]") {
  const Sshd sshd;
  ConfigValues config = sshd.config();
  const std::string type = GENERATE(std::string("ed25519"), "rsa");
  (void)sshd.known_hosts(public_key(make_key(sshd / "impostor", type)));
  const Error error = failure(config);
  CHECK(error.Code() == LSHOST_E_DENIED);
  CHECK_THAT(error.what(), Contains("has another key than") && Contains("somebody may be in between") &&
                               Contains("-R \"[" + sshd.host().substr(0, sshd.host().find(':')) + "]"));
  CHECK(sshd.logins() == 0);
}

TEST_CASE("sftp trust: an IPv6 address", "[sftp][trust]") {
  const Sshd sshd({"--set", "ListenAddress ::1"});
  if (content_of(sshd / "log").find("on ::1 port") == std::string::npos) {
    WARN("skipped: this machine has no IPv6 address");
    return;
  }
  const std::string address = "[::1]" + sshd.host().substr(sshd.host().find(':'));
  write_file(sshd / "known", address + " " + sshd.host_key() + "\n");
  check_works(sshd.config({{"host", address}, {"known-hosts", sshd / "known"}}));
  CHECK_THAT(failure(sshd.config({{"host", address}, {"known-hosts", "/nonexistent"}})).what(), Contains(address));
}

TEST_CASE("sftp trust: a pinned key is enough, and known_hosts is not asked", "[sftp][trust]") {
  const Sshd sshd;
  const auto listed = run({.command = {"ssh-keygen", "-l", "-f", sshd / "host_key.pub"}});
  const std::string fingerprint = listed.out.substr(listed.out.find("SHA256:"), 50);
  const std::vector<std::string> pins = {sshd.host_key(), sshd.host_key() + " with a comment", fingerprint,
                                         "ssh-ed25519 " + fingerprint};
  const std::string pin = pins[GENERATE(0U, 1U, 2U, 3U)];
  check_works(sshd.config({{"known-hosts", "/nonexistent/known_hosts"}, {"host-key", pin}}));
}

TEST_CASE("sftp trust: one of several pins is enough", "[sftp][trust]") {
  const Sshd sshd;
  const std::string next = public_key(make_key(sshd / "next"));
  check_works(sshd.config({{"host-key", std::vector<std::string>{next, sshd.host_key()}}}));
}

TEST_CASE("sftp trust: a wrong pin is refused, whatever known_hosts says", "[sftp][trust]") {
  const Sshd sshd;
  const std::string other = public_key(make_key(sshd / "other"));
  const std::vector<std::string> pins = {other, "SHA256:uNiVztksCsDhcc0u9e8BrdJfC6XJsRb2R9dtOJQ3gG8"};
  const std::string pin = pins[GENERATE(0U, 1U)];
  const Error error = failure(sshd.config({{"host-key", pin}}));
  CHECK(error.Code() == LSHOST_E_DENIED);
  CHECK_THAT(error.what(), Contains("is not the one of host-key") && Contains("set host-key = \"" + sshd.host_key()));
  CHECK(sshd.logins() == 0);
}

TEST_CASE("sftp trust: a pin of a type that the server does not have", "[sftp][trust]") {
  const Sshd sshd;
  const std::string rsa = public_key(make_key(sshd / "rsa", "rsa"));
  const Error error = failure(sshd.config({{"host-key", rsa}}));
  CHECK(error.IsRetryable());
  CHECK(sshd.logins() == 0);
}
