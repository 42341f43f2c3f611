#pragma once
// Builds databases and replicas from a configuration, starts them, drains and stops them.
//
// Start: watcher, databases, replicas, maintenance. Stop is the reverse, after a drain: maintenance, a last capture,
// replicas until they have caught up or the time is over, plugins, databases.

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/wake_up.hpp"
#include "config/config.hpp"
#include "daemon/maintenance.hpp"
#include "daemon/replica_monitor.hpp"
#include "db/database.hpp"
#include "os/file_watcher.hpp"
#include "plugin/plugin_registry.hpp"
#include "replica/replicator.hpp"

namespace lshost::daemon {

/// Threads: one. Errors: the constructor throws Error where a plugin can not be loaded or refuses its configuration.
class Supervisor {
 public:
  Supervisor(const config::Config& config, const plugin::PluginRegistry& plugins, os::Fs& fs, const Clock& clock);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void start();
  /// Returns when stop is requested. Starts replicas again that could not start.
  void run(const std::stop_token& stop);
  /// Waits until every database is attached; false, and a line of the log for each that is not within `timeout`.
  [[nodiscard]] bool wait_until_attached(std::chrono::nanoseconds timeout, const std::stop_token& stop);
  /// Captures what is committed and waits until all of it is durable everywhere, at most for `timeout`. False: it is
  /// not, and a line of the log says what is missing where.
  [[nodiscard]] bool drain(std::chrono::nanoseconds timeout);
  /// False: a plugin did not stop in time and was given up; the process should end without destructors.
  [[nodiscard]] bool stop();

 private:
  struct Replica {
    config::ReplicaConfig config;
    std::unique_ptr<db::Feed> feed;
    std::unique_ptr<ReplicaMonitor> monitor;
    std::unique_ptr<replica::Replicator> replicator;
    bool is_started = false;
    std::uint32_t failed_starts = 0;
    std::chrono::steady_clock::time_point next_start;
  };
  struct Entry {
    std::string name;
    std::unique_ptr<db::Database> database;
    std::vector<Replica> replicas;  // before the database in destruction: they hold its feeds
  };

  void add(const config::DatabaseConfig& config, const std::string& config_file, const plugin::PluginRegistry& plugins);
  void try_start(Entry& entry, Replica& replica);
  [[nodiscard]] std::optional<std::chrono::nanoseconds> start_what_is_due();
  void report_missing(const Entry& entry, const db::Position& tip) const;

  os::Fs& fs_;
  const Clock& clock_;
  WakeUp progress_;  // a replica made something durable
  std::unique_ptr<os::FileWatcher> watcher_;
  std::vector<Entry> entries_;
  Maintenance maintenance_;
};

}  // namespace lshost::daemon
