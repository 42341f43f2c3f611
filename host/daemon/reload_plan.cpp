#include "daemon/reload_plan.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace lshost::daemon {

namespace {

using config::DatabaseConfig;
using config::Entry;
using config::ReplicaConfig;
using config::Value;

/// Of the data alone: places and marks are about the text.
bool is_same_value(const Value& a, const Value& b) {
  const auto* first = std::get_if<std::vector<Value>>(&a.data);
  const auto* second = std::get_if<std::vector<Value>>(&b.data);
  if (first != nullptr && second != nullptr) return std::ranges::equal(*first, *second, is_same_value);
  if (first != nullptr || second != nullptr || a.data.index() != b.data.index()) return false;
  if (const auto* text = std::get_if<std::string>(&a.data)) return *text == std::get<std::string>(b.data);
  if (const auto* number = std::get_if<std::int64_t>(&a.data)) return *number == std::get<std::int64_t>(b.data);
  if (const auto* flag = std::get_if<bool>(&a.data)) return *flag == std::get<bool>(b.data);
  return std::get<double>(a.data) == std::get<double>(b.data);
}

bool are_same_entries(const std::vector<Entry>& a, const std::vector<Entry>& b) {
  const auto is_in_b = [&](const Entry& entry) {  // keys are unique
    const auto found = std::ranges::find(b, entry.key, &Entry::key);
    return found != b.end() && is_same_value(entry.value, found->value);
  };
  return a.size() == b.size() && std::ranges::all_of(a, is_in_b);
}

bool is_same_replica(const ReplicaConfig& a, const ReplicaConfig& b) {
  return a.type == b.type && a.snapshot_interval == b.snapshot_interval && a.retention == b.retention &&
         a.verify_interval == b.verify_interval && a.isolation == b.isolation &&
         a.isolation_memory_limit_bytes == b.isolation_memory_limit_bytes && are_same_entries(a.entries, b.entries);
}

/// Without the replicas.
bool is_same_database(const DatabaseConfig& a, const DatabaseConfig& b) {
  return a.meta_path == b.meta_path && a.verify_path == b.verify_path &&
         a.checkpoint_interval == b.checkpoint_interval && a.min_checkpoint_pages == b.min_checkpoint_pages &&
         a.shadow_wal_limit_bytes == b.shadow_wal_limit_bytes && a.exclusive_checkpoints == b.exclusive_checkpoints;
}

const ReplicaConfig* find_replica(const DatabaseConfig& database, const std::string& name) {
  const auto found = std::ranges::find(database.replicas, name, &ReplicaConfig::name);
  return found == database.replicas.end() ? nullptr : &*found;
}

using Databases = std::map<std::string_view, const DatabaseConfig*>;

Databases by_path(const config::Config& config) {
  Databases databases;
  for (const auto& database : config.databases) databases.emplace(database.path, &database);
  return databases;
}

void plan_replicas(const DatabaseConfig& before, const DatabaseConfig& after, ReloadPlan& plan) {
  for (const auto& replica : before.replicas) {
    if (find_replica(after, replica.name) == nullptr) plan.remove_replicas.push_back({before.path, replica});
  }
  for (const auto& replica : after.replicas) {
    const auto* old = find_replica(before, replica.name);
    if (old == nullptr) {
      plan.add_replicas.push_back({after.path, replica});
    } else if (!is_same_replica(*old, replica)) {
      plan.restart_replicas.push_back({after.path, replica});
    }
  }
}

void plan_settings(const config::Config& before, const config::Config& after, ReloadPlan& plan) {
  const auto note = [](std::vector<std::string>& keys, bool is_changed, const char* key) {
    if (is_changed) keys.emplace_back(key);
  };
  note(plan.settings, before.plugin_path != after.plugin_path, "plugin-path");
  note(plan.settings, before.shutdown_timeout != after.shutdown_timeout, "shutdown-timeout");
  note(plan.settings, before.log_level != after.log_level, "log.level");
  note(plan.settings, before.log_format != after.log_format, "log.format");
  note(plan.needs_restart, before.control_socket != after.control_socket, "control.socket");
}

}  // namespace

bool ReloadPlan::is_empty() const noexcept {
  return remove_databases.empty() && restart_databases.empty() && add_databases.empty() && remove_replicas.empty() &&
         restart_replicas.empty() && add_replicas.empty() && settings.empty() && needs_restart.empty();
}

ReloadPlan plan_reload(const config::Config& before, const config::Config& after) {
  ReloadPlan plan;
  const Databases old = by_path(before);
  const Databases next = by_path(after);
  for (const auto& database : before.databases) {
    if (!next.contains(database.path)) plan.remove_databases.push_back(database.path);
  }
  for (const auto& database : after.databases) {
    const auto found = old.find(database.path);
    if (found == old.end()) {
      plan.add_databases.push_back(database);
    } else if (!is_same_database(*found->second, database)) {
      plan.restart_databases.push_back(database);
    } else {
      plan_replicas(*found->second, database, plan);
    }
  }
  plan_settings(before, after, plan);
  return plan;
}

}  // namespace lshost::daemon
