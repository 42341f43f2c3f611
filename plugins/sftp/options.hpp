#pragma once
// The plugin's keys: declared, read and checked. Reads no file and asks no server.

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include <lshost/cpp/context.hpp>
#include <lshost/cpp/extensions.hpp>

#include "address.hpp"
#include "host_key.hpp"

namespace lshost::sftp {

/// A text that is not to be printed: it has no operator for it, and its name shows in the code.
struct Secret {
  std::string value;
  [[nodiscard]] bool is_empty() const noexcept { return value.empty(); }
};

/// How to reach a server, and who we are there.
struct ServerOptions {
  Address address;
  std::string user;
  std::string key_path;  ///< "": none
  Secret key_passphrase;
  Secret password;
  std::string known_hosts;                      ///< a path
  std::vector<HostKeyPin> pins;                 ///< not empty: known_hosts is not asked
  std::chrono::milliseconds connect_timeout{};  ///< for everything until the server lets us in
  std::chrono::milliseconds timeout{};          ///< of silence while an answer is due

  /// "user@host:port".
  [[nodiscard]] std::string name() const { return user + "@" + address.text(); }
};

struct Options {
  ServerOptions server;
  /// A stream of hours is not given up for a server that restarts; a small object is, because the host repeats it.
  std::chrono::milliseconds patience_in_the_middle = std::chrono::minutes(2);
  std::string path;  ///< the folder on the server; no '/' at its end, unless it is "/"
};

[[nodiscard]] std::span<const ConfigKey> keys();

/// Throws Error::Config with what is wrong and what to write instead.
[[nodiscard]] Options read_options(const Context& context);

}  // namespace lshost::sftp
