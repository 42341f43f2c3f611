#include "options.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace lshost::sftp {
namespace {

using std::chrono::milliseconds;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// "" if it can not be found.
std::string home_folder() {
  if (const std::string home = environment("HOME"); !home.empty()) return home;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return "";
  return found->pw_dir;
}

/// "~/x" as the shell would take it.
std::string expand_home(const std::string& path) {
  return path.starts_with("~/") ? home_folder() + path.substr(1) : path;
}

/// A secret of the configuration, or of the environment, for those who restore without a configuration.
Secret secret(const Context& context, const char* key, const char* variable) {
  return {context.String(key, environment(variable))};
}

milliseconds timeout(const Context& context, const char* key, milliseconds otherwise) {
  const auto value = std::chrono::duration_cast<milliseconds>(context.Duration(key, otherwise));
  if (value < milliseconds(1)) throw Error::Config(std::string(key) + " has to be longer than nothing, like \"30s\"");
  return value;
}

std::string folder(const Context& context) {
  std::string path = context.String("path");
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty())
    throw Error::Config("path is empty; name a folder on the server, or \".\" for where the user starts");
  if (path.find('\0') != std::string::npos) throw Error::Config("path has a NUL in it");
  return path;
}

std::string user(const Context& context) {
  std::string name = context.String("user");
  if (name.empty()) throw Error::Config("user is empty; name the user to log in as");
  return name;
}

}  // namespace

std::span<const ConfigKey> keys() {
  static constexpr ConfigKey kKeys[] = {
      {.key = "host",
       .required = true,
       .help = "the server: host, host:port or [IPv6 address]:port",
       .url = UrlPart::Host},
      {.key = "user", .required = true, .help = "the user to log in as", .url = UrlPart::User},
      {.key = "path",
       .required = true,
       .help = "the folder on the server; created if it is missing",
       .url = UrlPart::Path},
      {.key = "key-path", .help = "a file with a private key; otherwise the SSH agent is asked"},
      {.key = "key-passphrase",
       .secret = true,
       .help = "of the private key; otherwise LSHOST_SFTP_KEY_PASSPHRASE in the environment"},
      {.key = "password", .secret = true, .help = "of the user; otherwise LSHOST_SFTP_PASSWORD in the environment"},
      {.key = "known-hosts",
       .default_value = "~/.ssh/known_hosts",
       .help = "the file with the keys of the servers that may be trusted"},
      {.key = "host-key",
       .list = true,
       .help = "the server's key, \"ssh-ed25519 AAAA...\" or \"SHA256:...\"; known-hosts is then not asked"},
      {.key = "connect-timeout",
       .type = ConfigType::Duration,
       .default_value = "15s",
       .help = "how long connecting and logging in may take"},
      {.key = "timeout",
       .type = ConfigType::Duration,
       .default_value = "30s",
       .help = "how long the server may be silent while an answer is due"},
  };
  return kKeys;
}

Options read_options(const Context& context) {
  using namespace std::chrono_literals;
  Options options;
  ServerOptions& server = options.server;
  server.address = parse_address(context.String("host"));
  server.user = user(context);
  options.path = folder(context);
  server.key_path = expand_home(context.String("key-path", ""));
  server.key_passphrase = secret(context, "key-passphrase", "LSHOST_SFTP_KEY_PASSPHRASE");
  server.password = secret(context, "password", "LSHOST_SFTP_PASSWORD");
  server.known_hosts = expand_home(context.String("known-hosts", "~/.ssh/known_hosts"));
  for (const std::string& pin : context.Strings("host-key")) server.pins.push_back(parse_pin(pin));
  server.connect_timeout = timeout(context, "connect-timeout", 15s);
  server.timeout = timeout(context, "timeout", 30s);
  return options;
}

}  // namespace lshost::sftp
