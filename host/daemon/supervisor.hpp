#pragma once
// Builds databases and replicas from a configuration, starts them, changes them, drains and stops them.
//
// Start: watcher, databases, replicas, maintenance. Stop is the reverse, after a drain: a last capture, replicas until
// they have caught up or the time is over, plugins, databases, maintenance.

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/wake_up.hpp"
#include "config/config.hpp"
#include "daemon/database_unit.hpp"
#include "daemon/host_status.hpp"
#include "daemon/maintenance.hpp"
#include "daemon/reload_plan.hpp"
#include "daemon/verifier.hpp"
#include "os/file_watcher.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::daemon {

/// One thing that apply() did, or could not do.
struct ReloadAction {
  std::string what;      ///< "added", "removed", "restarted"
  std::string database;  ///< path
  std::string replica;   ///< "": the database with all its replicas
  std::string error;     ///< why not; "": it was done
};

/// Threads: one; status() from any. Errors: the constructor throws Error where a plugin can not be loaded or refuses
/// its configuration.
class Supervisor {
 public:
  Supervisor(const config::Config& config, const plugin::PluginRegistry& plugins, os::Fs& fs, const Clock& clock);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void start();
  /// Starts replicas again that could not start. How long until the next attempt; nullopt: all run.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> start_what_is_due() LSHOST_EXCLUDES(mutex_);
  /// Waits until every database is attached; false, and a line of the log for each that is not within `timeout`.
  [[nodiscard]] bool wait_until_attached(std::chrono::nanoseconds timeout, const std::stop_token& stop)
      LSHOST_EXCLUDES(mutex_);
  /// Does what `plan` says and touches nothing else. What is taken out is drained first, at most for `drain`. An action
  /// that fails does not keep the others from being done.
  [[nodiscard]] std::vector<ReloadAction> apply(const ReloadPlan& plan, const std::string& config_file,
                                                const plugin::PluginRegistry& plugins, std::chrono::nanoseconds drain,
                                                const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);
  /// What runs, as configured.
  [[nodiscard]] std::vector<config::DatabaseConfig> running() const LSHOST_EXCLUDES(mutex_);
  /// Captures what is committed and waits until all of it is durable everywhere, at most for `timeout`. False: it is
  /// not, and a line of the log says what is missing where.
  [[nodiscard]] bool drain(std::chrono::nanoseconds timeout) LSHOST_EXCLUDES(mutex_);
  /// False: a plugin did not stop in time and was given up; the process should end without destructors.
  [[nodiscard]] bool stop() LSHOST_EXCLUDES(mutex_);

  [[nodiscard]] std::vector<DatabaseReport> status() const LSHOST_EXCLUDES(mutex_);
  /// From any thread.
  [[nodiscard]] Verifier& verifier() noexcept { return verifier_; }

 private:
  [[nodiscard]] std::vector<DatabaseUnit*> databases() const LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] DatabaseUnit& database(const std::string& path) const LSHOST_EXCLUDES(mutex_);
  void add(const config::DatabaseConfig& config, const std::string& config_file, const plugin::PluginRegistry& plugins)
      LSHOST_EXCLUDES(mutex_);
  /// False: a plugin was given up.
  [[nodiscard]] bool retire(const std::string& path, std::chrono::steady_clock::time_point deadline,
                            const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);

  os::Fs& fs_;
  const Clock& clock_;
  WakeUp progress_;  // a replica made something durable
  std::unique_ptr<os::FileWatcher> watcher_;
  Maintenance maintenance_;
  Verifier verifier_;
  bool is_running_ = false;
  bool has_given_up_ = false;             // a plugin, anywhere
  std::set<std::string> given_up_paths_;  // databases that are gone, with a plugin that did not stop

  mutable Mutex mutex_;  // the one thread changes the list, status() reads it
  std::vector<std::unique_ptr<DatabaseUnit>> databases_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::daemon
