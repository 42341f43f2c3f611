#include "daemon/database_unit.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "obs/log.hpp"

namespace lshost::daemon {

namespace {

using obs::Level;

/// A lock that is held for longer is no commit of the application: somebody keeps it.
constexpr std::chrono::seconds kLockPatience(2);
/// Between two looks at a database that is being attached.
constexpr std::chrono::milliseconds kAttachLook(5);

/// It was just started, or somebody had it locked at the last attempt.
bool is_about_to_attach(const db::DatabaseStatus& status) {
  return status.state == db::DatabaseState::starting || status.why_waiting == db::NotAttachable::locked;
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

db::DatabaseOptions options_of(const config::DatabaseConfig& config) {
  const db::CheckpointRules rules{config.min_checkpoint_pages, config.checkpoint_interval};
  return {config.path, config.meta_path, rules, config.shadow_wal_limit_bytes, config.exclusive_checkpoints};
}

/// Two instances that do not know of each other would write to one destination.
[[noreturn]] void refuse_a_second(const std::string& name) {
  throw Error(ErrorCode::transient, "replica " + name +
                                        ": its plugin did not stop, so it is not started again beside itself; hint: "
                                        "restart lshost");
}

}  // namespace

DatabaseUnit::DatabaseUnit(const config::DatabaseConfig& config, const std::string& config_file,
                           const plugin::PluginRegistry& plugins, const Surroundings& around)
    : config_(config),
      around_(around),
      made_ns_(around.clock.unix_now()),
      database_(std::make_unique<db::Database>(options_of(config), around.fs, around.watcher, around.clock)),
      origin_{*database_, file_name(config.path), config.meta_path, config.verify_path, config_file} {
  for (const auto& replica : config.replicas) add_replica(replica, plugins);
}

DatabaseUnit::~DatabaseUnit() {
  (void)stop();
  const MutexLock lock(mutex_);
  replicas_.clear();  // before the database: they hold its feeds
}

void DatabaseUnit::start() { database_->start(); }

std::vector<ReplicaUnit*> DatabaseUnit::replicas() const {
  const MutexLock lock(mutex_);
  std::vector<ReplicaUnit*> all;
  all.reserve(replicas_.size());
  for (const auto& replica : replicas_) all.push_back(replica.get());
  return all;
}

std::optional<std::chrono::nanoseconds> DatabaseUnit::start_what_is_due() {
  std::optional<std::chrono::nanoseconds> next;
  for (ReplicaUnit* replica : replicas()) {
    if (const auto wait = replica->start_if_due()) next = std::min(next.value_or(*wait), *wait);
  }
  return next;
}

bool DatabaseUnit::look_until(const std::function<bool()>& is_so, std::chrono::steady_clock::time_point deadline,
                              const std::stop_token& stop) const {
  while (!is_so()) {
    if (stop.stop_requested() || around_.clock.steady_now() >= deadline) return false;
    pause_for(kAttachLook);
  }
  return true;
}

bool DatabaseUnit::wait_until_attached(std::chrono::steady_clock::time_point deadline,
                                       const std::stop_token& stop) const {
  const auto is_attached = [&] { return status().state == db::DatabaseState::replicating; };
  if (look_until(is_attached, deadline, stop)) return true;
  obs::log(Level::error, "database", "not replicated", {{"db", name()}, {"reason", status().detail}});
  return false;
}

std::optional<db::Position> DatabaseUnit::captured_tip(std::chrono::steady_clock::time_point deadline,
                                                       const std::stop_token& stop) {
  std::optional<db::Position> tip;
  const auto is_decided = [&] {
    tip = database_->capture_now();
    return tip || !is_about_to_attach(database_->status());
  };
  (void)look_until(is_decided, std::min(deadline, around_.clock.steady_now() + kLockPatience), stop);
  return tip;
}

std::optional<db::Position> DatabaseUnit::known_tip() const {
  db::Position known = database_->status().tip;
  return known.is_none() ? std::nullopt : std::optional(std::move(known));
}

bool DatabaseUnit::wait_until_durable(const std::vector<ReplicaUnit*>& replicas, const db::Position& tip,
                                      std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
  const auto is_durable = [&] {
    return std::all_of(replicas.begin(), replicas.end(),
                       [&](const auto* replica) { return replica->has_durable(tip); });
  };
  while (!is_durable() && !stop.stop_requested()) {
    const auto left = deadline - around_.clock.steady_now();
    if (left.count() <= 0) break;
    (void)around_.progress.wait_for(stop, left);
  }
  if (is_durable()) return true;
  for (const ReplicaUnit* replica : replicas) replica->log_missing(tip);
  return false;
}

bool DatabaseUnit::drain(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
  if (const auto tip = captured_tip(deadline, stop)) return wait_until_durable(replicas(), *tip, deadline, stop);
  const auto known = known_tip();
  const bool is_known_durable = !known || wait_until_durable(replicas(), *known, deadline, stop);
  const auto file = around_.fs.stat("drain.stat", path());
  const bool holds_data = file && file->size_bytes > 0;
  obs::log(holds_data ? Level::error : Level::info, "database",
           known ? "is not attached: what was committed since is not replicated" : "was not replicated in this run",
           {{"db", name()}, {"reason", database_->status().detail}});
  return is_known_durable && !holds_data;
}

bool DatabaseUnit::stop() {
  for (ReplicaUnit* replica : replicas()) {
    if (!replica->stop()) given_up_.insert(replica->name());
  }
  database_->stop();
  return given_up_.empty();
}

void DatabaseUnit::insert(std::unique_ptr<ReplicaUnit> replica) {
  const MutexLock lock(mutex_);
  replicas_.push_back(std::move(replica));
}

std::unique_ptr<ReplicaUnit> DatabaseUnit::take(const std::string& name) {
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find_if(replicas_, [&](const auto& replica) { return replica->name() == name; });
  if (found == replicas_.end()) return nullptr;
  auto taken = std::move(*found);
  replicas_.erase(found);
  return taken;
}

void DatabaseUnit::add_replica(const config::ReplicaConfig& config, const plugin::PluginRegistry& plugins) {
  if (given_up_.contains(config.name)) refuse_a_second(config.name);
  insert(std::make_unique<ReplicaUnit>(config, origin_, database_->subscribe(config.name), plugins, around_));
}

bool DatabaseUnit::remove_replica(const std::string& name, std::chrono::steady_clock::time_point deadline,
                                  const std::stop_token& stop) {
  for (ReplicaUnit* replica : replicas()) {
    if (replica->name() != name || !replica->is_healthy()) continue;
    auto tip = database_->capture_now();
    if (!tip) tip = known_tip();
    if (tip) (void)wait_until_durable({replica}, *tip, deadline, stop);
  }
  auto replica = take(name);
  const bool has_stopped = replica == nullptr || replica->stop();
  if (!has_stopped) given_up_.insert(name);
  replica.reset();
  database_->release_unneeded();
  return has_stopped;
}

void DatabaseUnit::restart_replica(const config::ReplicaConfig& config, const plugin::PluginRegistry& plugins) {
  auto feed = database_->subscribe(config.name);  // first: it keeps what the old one still needs
  auto old = take(config.name);
  if (old != nullptr && !old->stop()) {
    given_up_.insert(config.name);
    insert(std::move(old));
    refuse_a_second(config.name);
  }
  old.reset();
  insert(std::make_unique<ReplicaUnit>(config, origin_, std::move(feed), plugins, around_));
}

config::DatabaseConfig DatabaseUnit::config() const {
  config::DatabaseConfig config = config_;
  config.replicas.clear();
  for (const ReplicaUnit* replica : replicas()) config.replicas.push_back(replica->config());
  return config;
}

DatabaseReport DatabaseUnit::report() const {
  DatabaseReport report{database_->path(), made_ns_, database_->status(), {}};
  const MutexLock lock(mutex_);
  for (const auto& replica : replicas_) report.replicas.push_back(replica->report());
  return report;
}

}  // namespace lshost::daemon
