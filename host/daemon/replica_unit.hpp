#pragma once
// One replica of a running host: its feed, its monitor and its replicator, from their making to their end.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/wake_up.hpp"
#include "config/config.hpp"
#include "daemon/host_status.hpp"
#include "daemon/maintenance.hpp"
#include "daemon/replica_monitor.hpp"
#include "daemon/verification_record.hpp"
#include "daemon/verifier.hpp"
#include "db/database.hpp"
#include "plugin/plugin_registry.hpp"
#include "replica/replicator.hpp"

namespace lshost::daemon {

/// What all databases and replicas of a host share. Borrowed; outlives them.
struct Surroundings {
  os::Fs& fs;
  os::FileWatcher& watcher;
  const Clock& clock;
  WakeUp& progress;  ///< notified whenever a replica made something durable
  Maintenance& maintenance;
  Verifier& verifier;
};

/// Ownership: borrows its database. Threads: one owner; report() from any.
class ReplicaUnit {
 public:
  struct Origin {
    db::Database& database;
    std::string database_name;
    std::string meta_path;
    std::string verify_path;
    std::string config_file;
  };

  /// `feed`: of this replica in that database. Throws Error where the plugin can not be loaded or refuses its
  /// configuration.
  ReplicaUnit(config::ReplicaConfig config, const Origin& origin, std::unique_ptr<db::Feed> feed,
              const plugin::PluginRegistry& plugins, const Surroundings& around);
  /// Stops it.
  ~ReplicaUnit();
  ReplicaUnit(const ReplicaUnit&) = delete;
  ReplicaUnit& operator=(const ReplicaUnit&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
  [[nodiscard]] const config::ReplicaConfig& config() const noexcept { return config_; }

  /// Starts it if it does not run and its pause is over. How long until the next attempt; nullopt: it runs.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> start_if_due();
  /// False: the plugin did not stop in time and was given up. Again: says the same.
  bool stop();

  [[nodiscard]] bool has_durable(const db::Position& tip) const;
  /// It runs, and its last attempt at the destination was no failure.
  [[nodiscard]] bool is_healthy() const;
  void log_missing(const db::Position& tip) const;
  [[nodiscard]] ReplicaReport report() const;

 private:
  const config::ReplicaConfig config_;
  const db::Database& database_;
  const std::string database_name_;
  const std::optional<plugin::PluginInfo> plugin_;
  const Surroundings around_;
  const UnixNanos made_ns_;
  // In the order of their making: a replicator uses both others until it is gone.
  const std::unique_ptr<db::Feed> feed_;
  ReplicaMonitor monitor_;
  VerificationRecord record_;
  const std::unique_ptr<replica::Replicator> replicator_;

  bool is_started_ = false;
  bool is_given_up_ = false;
  std::uint32_t failed_starts_ = 0;
  std::chrono::steady_clock::time_point next_start_;
};

}  // namespace lshost::daemon
