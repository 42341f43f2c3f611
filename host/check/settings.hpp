#pragma once
// From what a person says about the plugin to a configuration for each place of each case. Pure, but for the
// configuration file that may be named.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace lshost::check {

/// What a person asked for.
struct Request {
  std::string file;              ///< the library
  std::string type;              ///< "": the only one it has
  std::string config_file;       ///< "": none
  std::vector<std::string> set;  ///< "KEY=VALUE"
  std::uint64_t seed = 0;
  unsigned rounds = 1;  ///< how often what is random is tried
};

/// In a value: a fresh folder of this machine, and a word that nobody used before.
inline constexpr std::string_view kScratch = "{scratch}";
inline constexpr std::string_view kUnique = "{unique}";

using Keys = std::optional<std::vector<config::KeySpec>>;

/// The replica of a request, its placeholders still in it. Where nothing says {scratch} or {unique}, the part of the
/// type's URL that is the path, if it has one and nobody set it, gets one of them: a required path is a folder.
/// Throws Error{invalid}.
[[nodiscard]] config::ReplicaConfig replica_of(const Request& request, const std::string& type, const Keys& keys,
                                               bool is_store);

/// True: cases do not write into each other's places.
[[nodiscard]] bool has_placeholder(const config::ReplicaConfig& replica);

/// With the placeholders replaced.
[[nodiscard]] config::ReplicaConfig placed(config::ReplicaConfig replica, const std::string& scratch,
                                           const std::string& unique);

/// Replaces the value of a key, or adds it.
void set_value(config::ReplicaConfig& replica, const std::string& key, config::Value value);
[[nodiscard]] const config::Entry* find_entry(const config::ReplicaConfig& replica, const std::string& key);

}  // namespace lshost::check
