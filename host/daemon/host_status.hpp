#pragma once
// What a running host says about itself, as values: one moment of all databases and replicas.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "daemon/replica_monitor.hpp"
#include "daemon/verify_policy.hpp"
#include "db/database.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::daemon {

struct ReplicaReport {
  std::string name;
  std::string type;
  std::optional<plugin::PluginInfo> plugin;  ///< nullopt: not known any more
  UnixNanos made_ns = 0;                     ///< when it was made, by a start of the host or by a reload
  ReplicaStatus status;
  db::Position durable;
  std::optional<std::uint64_t> lag_bytes;  ///< nullopt: it needs a snapshot first, or nothing is captured yet
  VerifyHistory verification;
  std::chrono::nanoseconds verify_interval{0};
};

struct DatabaseReport {
  std::string path;
  UnixNanos made_ns = 0;
  db::DatabaseStatus status;
  std::vector<ReplicaReport> replicas;
};

}  // namespace lshost::daemon
