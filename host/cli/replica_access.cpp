#include "cli/replica_access.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "cli/configured.hpp"
#include "cli/replica_url.hpp"
#include "config/interpolate.hpp"
#include "isolation/create_replicator.hpp"

namespace lshost::cli {
namespace {

namespace fs = std::filesystem;

std::string absolute(const std::string& path) { return fs::absolute(path).lexically_normal().string(); }

/// The word that was meant, as the end of a message; "" if none is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const auto nearest = config::nearest(word, known);
  return nearest ? fmt::format("; did you mean '{}'?", *nearest) : "";
}

/// Asks the plugin what the parts of the URL mean.
config::ReplicaConfig configured_by(const ReplicaUrl& url, const plugin::PluginRegistry& plugins) {
  const auto keys = plugins.schema_of(url.scheme);
  return replica_of_url(url, keys.value_or(std::vector<config::KeySpec>{}), config::environment);
}

}  // namespace

std::vector<const config::DatabaseConfig*> select_databases(const config::Config& config, const std::string& name) {
  std::vector<const config::DatabaseConfig*> found;
  std::vector<std::string> known;
  for (const auto& database : config.databases) {
    if (name.empty() || database.path == absolute(name)) found.push_back(&database);
    known.push_back(database.path);
    known.push_back(fs::path(database.path).filename().string());
  }
  if (!found.empty() || name.empty()) return found;
  for (const auto& database : config.databases) {
    if (fs::path(database.path).filename() == name) found.push_back(&database);
  }
  if (found.empty()) {
    throw Error(ErrorCode::invalid,
                fmt::format("{} names no database '{}'{}", config.file, name, did_you_mean(name, known)));
  }
  if (found.size() > 1) {
    throw Error(ErrorCode::invalid, fmt::format("'{}' may be {} or {}; hint: name it with its folder.", name,
                                                found[0]->path, found[1]->path));
  }
  return found;
}

std::optional<ReplicaAccess> ReplicaAccess::find(const ReplicaQuery& query) {
  ReplicaAccess access;
  if (const auto url = parse_replica_url(query.database)) {
    access.plugins_ = std::make_unique<plugin::PluginRegistry>(std::vector<std::string>{});
    access.replicas_.push_back({url->shown, "", configured_by(*url, *access.plugins_)});
  } else {
    if (query.config_file.empty()) {
      throw Error(ErrorCode::invalid,
                  "no configuration; hint: pass --config FILE, or name a replica by its URL, like file:///folder.");
    }
    auto configured = load_configured(query.config_file);
    if (!configured) return std::nullopt;
    access.plugins_ = std::move(configured->plugins);
    access.config_file_ = configured->config.file;
    for (const auto* database : select_databases(configured->config, query.database)) {
      for (const auto& replica : database->replicas)
        access.replicas_.push_back({database->path, database->path, replica});
    }
  }
  if (query.replica.empty()) return access;
  std::vector<std::string> known;
  known.reserve(access.replicas_.size());
  for (const auto& replica : access.replicas_) known.push_back(replica.config.name);
  std::erase_if(access.replicas_, [&](const NamedReplica& replica) { return replica.config.name != query.replica; });
  if (access.replicas_.empty()) {
    throw Error(ErrorCode::invalid,
                fmt::format("there is no replica '{}'{}", query.replica, did_you_mean(query.replica, known)));
  }
  return access;
}

std::unique_ptr<replica::Replicator> ReplicaAccess::open(const NamedReplica& replica) const {
  plugin::ReplicaSetup setup;
  setup.config = replica.config;
  setup.config_file = config_file_;
  setup.database = fs::path(replica.database_path).filename().string();
  return isolation::create_replicator(*plugins_, std::move(setup));
}

}  // namespace lshost::cli
