#pragma once
// What a changed configuration means for a running host: which databases and replicas come, go, and begin anew. Pure.

#include <string>
#include <vector>

#include "config/config.hpp"

namespace lshost::daemon {

/// A replica of a database that stays as it is.
struct ReplicaChange {
  std::string database;  ///< path
  config::ReplicaConfig config;
};

/// What is not named here is not touched: it keeps its generation, its connections and its plugin.
/// A restarted database takes its replicas along; they are not named again.
struct ReloadPlan {
  std::vector<std::string> remove_databases;  ///< paths
  std::vector<config::DatabaseConfig> restart_databases;
  std::vector<config::DatabaseConfig> add_databases;
  std::vector<ReplicaChange> remove_replicas;  ///< with the old configuration
  std::vector<ReplicaChange> restart_replicas;
  std::vector<ReplicaChange> add_replicas;
  std::vector<std::string> settings;       ///< keys with a new value that holds from now on: "log.level"
  std::vector<std::string> needs_restart;  ///< keys with a new value that holds after a restart of the host only

  [[nodiscard]] bool is_empty() const noexcept;
};

/// Databases are the same by path, replicas by database and name. Where something stands in the file does not matter,
/// nor the order of databases, replicas and keys.
[[nodiscard]] ReloadPlan plan_reload(const config::Config& before, const config::Config& after);

}  // namespace lshost::daemon
