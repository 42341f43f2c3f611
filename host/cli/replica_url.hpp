#pragma once
// A replica named by a URL in place of a configuration: type://user@host/path?key=value.
//
// The scheme is the type of the plugin, which declares what the other parts mean; everything else it knows may stand
// behind the '?'. Pure: asks no plugin and opens nothing.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"

namespace lshost::cli {

/// The parts of a URL, percent-decoded.
struct ReplicaUrl {
  std::string scheme;
  std::string user;
  bool has_password = false;  ///< "user:password@": never kept
  std::string host;           ///< with its port, with the brackets of an IPv6 address
  std::string path;           ///< with its first '/'; "": none
  std::vector<std::pair<std::string, std::string>> query;
  std::string shown;  ///< for messages: without query and password
};

/// nullopt: it is no URL. Throws Error{invalid} for one that can not be one of a replica.
[[nodiscard]] std::optional<ReplicaUrl> parse_replica_url(const std::string& text);

/// The value of an environment variable; nullopt: it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The replica's configuration, checked by what the plugin declares. "${NAME}" in a value of the query is taken from
/// the environment; a secret can stand there only so, because command lines are seen by everybody. Throws
/// Error{invalid} with what is wrong and the form that is right.
[[nodiscard]] config::ReplicaConfig replica_of_url(const ReplicaUrl& url, const std::vector<config::KeySpec>& keys,
                                                   const Environment& environment);

/// "sftp://USER@HOST/PATH", as the keys say; "": the type has no URLs.
[[nodiscard]] std::string form_of_url(const std::string& type, const std::vector<config::KeySpec>& keys);

}  // namespace lshost::cli
