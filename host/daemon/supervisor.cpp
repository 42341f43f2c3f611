#include "daemon/supervisor.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace lshost::daemon {

Supervisor::Supervisor(const config::Config& config, const plugin::PluginRegistry& plugins, os::Fs& fs,
                       const Clock& clock)
    : fs_(fs), clock_(clock), watcher_(os::make_inotify_watcher()), maintenance_(clock), verifier_(fs, clock) {
  for (const auto& database : config.databases) add(database, config.file, plugins);
}

Supervisor::~Supervisor() {
  (void)stop();
  const MutexLock lock(mutex_);
  databases_.clear();  // before what they share
}

void Supervisor::add(const config::DatabaseConfig& config, const std::string& config_file,
                     const plugin::PluginRegistry& plugins) {
  if (given_up_paths_.contains(config.path))
    throw Error(ErrorCode::transient, config.path + ": a plugin of it did not stop before; hint: restart lshost");
  const Surroundings around{fs_, *watcher_, clock_, progress_, maintenance_, verifier_};
  auto unit = std::make_unique<DatabaseUnit>(config, config_file, plugins, around);
  if (is_running_) unit->start();
  const MutexLock lock(mutex_);
  databases_.push_back(std::move(unit));
}

std::vector<DatabaseUnit*> Supervisor::databases() const {
  const MutexLock lock(mutex_);
  std::vector<DatabaseUnit*> all;
  all.reserve(databases_.size());
  for (const auto& database : databases_) all.push_back(database.get());
  return all;
}

DatabaseUnit& Supervisor::database(const std::string& path) const {
  const auto all = databases();
  const auto found = std::ranges::find_if(all, [&](const auto* unit) { return unit->path() == path; });
  LSHOST_ASSERT(found != all.end());
  return **found;
}

void Supervisor::start() {
  for (DatabaseUnit* database : databases()) database->start();
  is_running_ = true;
  (void)start_what_is_due();
  maintenance_.start();
  verifier_.start();
}

std::optional<std::chrono::nanoseconds> Supervisor::start_what_is_due() {
  std::optional<std::chrono::nanoseconds> next;
  for (DatabaseUnit* database : databases()) {
    if (const auto wait = database->start_what_is_due()) next = std::min(next.value_or(*wait), *wait);
  }
  return next;
}

bool Supervisor::wait_until_attached(std::chrono::nanoseconds timeout, const std::stop_token& stop) {
  const auto deadline = clock_.steady_now() + timeout;
  bool all = true;
  for (const DatabaseUnit* database : databases()) all = database->wait_until_attached(deadline, stop) && all;
  return all;
}

bool Supervisor::retire(const std::string& path, std::chrono::steady_clock::time_point deadline,
                        const std::stop_token& stop) {
  DatabaseUnit& unit = database(path);
  (void)unit.drain(deadline, stop);
  const bool has_stopped = unit.stop();
  has_given_up_ = has_given_up_ || !has_stopped;
  if (!has_stopped) given_up_paths_.insert(path);
  std::unique_ptr<DatabaseUnit> taken;
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find_if(databases_, [&](const auto& known) { return known.get() == &unit; });
  taken = std::move(*found);
  databases_.erase(found);
  return has_stopped;  // `taken` goes after the lock
}

std::vector<ReloadAction> Supervisor::apply(const ReloadPlan& plan, const std::string& config_file,
                                            const plugin::PluginRegistry& plugins, std::chrono::nanoseconds drain,
                                            const std::stop_token& stop) {
  const auto deadline = clock_.steady_now() + drain;
  std::vector<ReloadAction> done;
  const auto act = [&](std::string what, std::string path, std::string replica, const std::function<void()>& effect) {
    ReloadAction action{std::move(what), std::move(path), std::move(replica), ""};
    try {
      effect();
    } catch (const Error& e) {
      action.error = e.what();
    }
    done.push_back(std::move(action));
  };
  const auto require_stopped = [](bool has_stopped, const std::string& what) {
    if (!has_stopped)
      throw Error(ErrorCode::transient, what + ": its plugin did not stop and was given up; hint: restart lshost");
  };
  // What goes comes first: what comes may need its place.
  for (const auto& path : plan.remove_databases) {
    act("removed", path, "", [&] { require_stopped(retire(path, deadline, stop), path); });
  }
  for (const auto& change : plan.remove_replicas) {
    act("removed", change.database, change.config.name, [&] {
      const bool has_stopped = database(change.database).remove_replica(change.config.name, deadline, stop);
      has_given_up_ = has_given_up_ || !has_stopped;
      require_stopped(has_stopped, "replica " + change.config.name);
    });
  }
  for (const auto& config : plan.restart_databases) {
    act("restarted", config.path, "", [&] {
      require_stopped(retire(config.path, deadline, stop), config.path);
      add(config, config_file, plugins);
    });
  }
  for (const auto& change : plan.restart_replicas) {
    act("restarted", change.database, change.config.name,
        [&] { database(change.database).restart_replica(change.config, plugins); });
  }
  for (const auto& config : plan.add_databases) {
    act("added", config.path, "", [&] { add(config, config_file, plugins); });
  }
  for (const auto& change : plan.add_replicas) {
    act("added", change.database, change.config.name,
        [&] { database(change.database).add_replica(change.config, plugins); });
  }
  (void)start_what_is_due();
  return done;
}

std::vector<config::DatabaseConfig> Supervisor::running() const {
  std::vector<config::DatabaseConfig> all;
  for (const DatabaseUnit* database : databases()) all.push_back(database->config());
  return all;
}

bool Supervisor::drain(std::chrono::nanoseconds timeout) {
  const auto deadline = clock_.steady_now() + timeout;
  bool all = true;
  for (DatabaseUnit* database : databases()) all = database->drain(deadline, {}) && all;
  return all;
}

bool Supervisor::stop() {
  for (DatabaseUnit* database : databases()) has_given_up_ = !database->stop() || has_given_up_;
  maintenance_.stop();
  verifier_.stop();
  is_running_ = false;
  return !has_given_up_;
}

std::vector<DatabaseReport> Supervisor::status() const {
  const MutexLock lock(mutex_);
  std::vector<DatabaseReport> all;
  all.reserve(databases_.size());
  for (const auto& database : databases_) all.push_back(database->report());
  return all;
}

}  // namespace lshost::daemon
