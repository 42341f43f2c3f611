#pragma once
// One database of a running host with its replicas, from their making to their end.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "daemon/host_status.hpp"
#include "daemon/replica_unit.hpp"

namespace lshost::daemon {

/// Threads: one owner; report() from any.
class DatabaseUnit {
 public:
  /// Throws as ReplicaUnit does; then nothing is left of it.
  DatabaseUnit(const config::DatabaseConfig& config, const std::string& config_file,
               const plugin::PluginRegistry& plugins, const Surroundings& around);
  /// Stops it.
  ~DatabaseUnit();
  DatabaseUnit(const DatabaseUnit&) = delete;
  DatabaseUnit& operator=(const DatabaseUnit&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return database_->path(); }
  /// With the replicas that there are.
  [[nodiscard]] config::DatabaseConfig config() const LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] const std::string& name() const noexcept { return origin_.database_name; }
  [[nodiscard]] db::DatabaseStatus status() const { return database_->status(); }

  void start();
  /// Starts replicas that are due. How long until the next attempt; nullopt: all run.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> start_what_is_due() LSHOST_EXCLUDES(mutex_);
  /// Waits until it is attached. False: it is not by the deadline, or when stop was requested; a line of the log says
  /// why.
  [[nodiscard]] bool wait_until_attached(std::chrono::steady_clock::time_point deadline,
                                         const std::stop_token& stop) const;
  /// Captures what is committed and waits until all of it is durable everywhere; a database that is just being attached
  /// to, or locked for a moment, is waited for. False: it is not durable by the deadline, or when stop was requested,
  /// or the host is not attached to a database with data; a line of the log says what is missing where.
  [[nodiscard]] bool drain(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop)
      LSHOST_EXCLUDES(mutex_);
  /// Stops replicas and database, and detaches. False: a plugin was given up.
  bool stop() LSHOST_EXCLUDES(mutex_);

  // ---- while it runs; the other replicas and the database notice nothing ----

  /// Throws as ReplicaUnit does, and Error{transient} where one of that name was given up before.
  void add_replica(const config::ReplicaConfig& config, const plugin::PluginRegistry& plugins) LSHOST_EXCLUDES(mutex_);
  /// Drains it by the deadline, unless it is in trouble already; then stops and forgets it. False: it was given up.
  [[nodiscard]] bool remove_replica(const std::string& name, std::chrono::steady_clock::time_point deadline,
                                    const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);
  /// Stops it and makes it anew; what it has not shipped yet is kept for it meanwhile. Throws Error{transient} where
  /// the plugin did not stop: then the old one stays, for the record; and as ReplicaUnit does: then none is there.
  void restart_replica(const config::ReplicaConfig& config, const plugin::PluginRegistry& plugins)
      LSHOST_EXCLUDES(mutex_);

  [[nodiscard]] DatabaseReport report() const LSHOST_EXCLUDES(mutex_);

 private:
  [[nodiscard]] std::vector<ReplicaUnit*> replicas() const LSHOST_EXCLUDES(mutex_);
  void insert(std::unique_ptr<ReplicaUnit> replica) LSHOST_EXCLUDES(mutex_);
  /// Takes it out of the list. nullptr: there is none of that name.
  [[nodiscard]] std::unique_ptr<ReplicaUnit> take(const std::string& name) LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] bool wait_until_durable(const std::vector<ReplicaUnit*>& replicas, const db::Position& tip,
                                        std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);
  /// Looks every few milliseconds. False: it was not so by the deadline, or when stop was requested.
  [[nodiscard]] bool look_until(const std::function<bool()>& is_so, std::chrono::steady_clock::time_point deadline,
                                const std::stop_token& stop) const;
  /// Everything committed is captured up to there; nullopt: not attached, and that will not pass by itself.
  [[nodiscard]] std::optional<db::Position> captured_tip(std::chrono::steady_clock::time_point deadline,
                                                         const std::stop_token& stop);
  /// What has to become durable whether the host is attached or not; nullopt: nothing was ever captured.
  [[nodiscard]] std::optional<db::Position> known_tip() const;

  const config::DatabaseConfig config_;  // its replicas are those of the beginning
  const Surroundings around_;
  const UnixNanos made_ns_;
  const std::unique_ptr<db::Database> database_;
  const ReplicaUnit::Origin origin_;
  std::set<std::string> given_up_;  // replicas whose plugins did not stop, and still do what they do

  mutable Mutex mutex_;  // the owner changes the list, report() reads it
  std::vector<std::unique_ptr<ReplicaUnit>> replicas_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::daemon
