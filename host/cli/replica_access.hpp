#pragma once
// From what a person names on the command line to replicas that can be listed and read, without a running host.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "plugin/plugin_registry.hpp"
#include "replica/replicator.hpp"

namespace lshost::cli {

/// Which replicas are meant.
struct ReplicaQuery {
  std::string config_file;  ///< "": none
  std::string database;     ///< a path or file name in the configuration, or a URL (replica_url.hpp); "": all
  std::string replica;      ///< its name; "": all
};

/// A replica by its configuration; nothing was opened yet.
struct NamedReplica {
  std::string database;       ///< as listings show it: the path, or the URL without its query
  std::string database_path;  ///< "" for a URL
  config::ReplicaConfig config;
};

/// The replicas of a query, and what opens them.
class ReplicaAccess {
 public:
  /// nullopt: the configuration has mistakes, which were printed. Throws Error{invalid} if the query names nothing.
  [[nodiscard]] static std::optional<ReplicaAccess> find(const ReplicaQuery& query);

  [[nodiscard]] const std::vector<NamedReplica>& replicas() const noexcept { return replicas_; }
  /// Makes the replicator, not started and without a database. Throws what the plugin says.
  [[nodiscard]] std::unique_ptr<replica::Replicator> open(const NamedReplica& replica) const;

 private:
  std::unique_ptr<plugin::PluginRegistry> plugins_;
  std::string config_file_;
  std::vector<NamedReplica> replicas_;
};

/// The databases of a configuration that `name` means: all for "", else by path, else by file name. Throws
/// Error{invalid} if there is none or `name` is a file name of several.
[[nodiscard]] std::vector<const config::DatabaseConfig*> select_databases(const config::Config& config,
                                                                          const std::string& name);

}  // namespace lshost::cli
