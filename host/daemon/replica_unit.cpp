#include "daemon/replica_unit.hpp"

#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/error.hpp"
#include "base/random_id.hpp"
#include "db/meta_dir.hpp"
#include "isolation/create_replicator.hpp"
#include "obs/log.hpp"

namespace lshost::daemon {

namespace {

using obs::Level;

constexpr Backoff kStartBackoff{std::chrono::milliseconds(500), std::chrono::milliseconds(60'000)};
constexpr std::chrono::milliseconds kPluginStop(10'000);
/// The least time between two attempts.
constexpr std::chrono::milliseconds kNextLook(5);

std::unique_ptr<replica::Replicator> make_replicator(const config::ReplicaConfig& config,
                                                     const ReplicaUnit::Origin& origin, db::Feed* feed,
                                                     plugin::ReplicaObserver* observer,
                                                     const plugin::PluginRegistry& plugins) {
  plugin::ReplicaSetup setup;
  setup.config = config;
  setup.config_file = origin.config_file;
  setup.database = origin.database_name;
  setup.work_dir = db::MetaDir(origin.meta_path).replica_directory(config.name);
  setup.feed = feed;
  setup.observer = observer;
  return isolation::create_replicator(plugins, std::move(setup));
}

}  // namespace

ReplicaUnit::ReplicaUnit(config::ReplicaConfig config, const Origin& origin, std::unique_ptr<db::Feed> feed,
                         const plugin::PluginRegistry& plugins, const Surroundings& around)
    : config_(std::move(config)),
      database_(origin.database),
      database_name_(origin.database_name),
      plugin_(plugins.info(config_.type)),
      around_(around),
      made_ns_(around.clock.unix_now()),
      feed_(std::move(feed)),
      monitor_(database_name_, config_.name, around.progress, around.clock),
      record_(around.fs, db::MetaDir(origin.meta_path).verify_directory(), config_),
      replicator_(make_replicator(config_, origin, feed_.get(), &monitor_, plugins)) {
  around_.maintenance.add({database_name_,
                           config_.name,
                           {config_.snapshot_interval, config_.retention},
                           feed_.get(),
                           replicator_.get(),
                           &monitor_});
  around_.verifier.add({.path = origin.database.path(),
                        .database = database_name_,
                        .replica = config_.name,
                        .interval = config_.verify_interval,
                        .scratch_directory = origin.verify_path,
                        .made_ns = made_ns_,
                        .source = &origin.database,
                        .feed = feed_.get(),
                        .replicator = replicator_.get(),
                        .monitor = &monitor_,
                        .record = &record_});
  if (!plugin_) return;
  obs::log(Level::info, "replica", "made",
           {{"db", database_name_},
            {"replica", config_.name},
            {"plugin", plugin_->name},
            {"version", plugin_->version},
            {"file", plugin_->path}});
}

ReplicaUnit::~ReplicaUnit() { (void)stop(); }

std::optional<std::chrono::nanoseconds> ReplicaUnit::start_if_due() {
  if (is_started_ || is_given_up_) return std::nullopt;
  const auto wait = next_start_ - around_.clock.steady_now();
  if (wait.count() > 0) return std::max<std::chrono::nanoseconds>(wait, kNextLook);
  try {
    replicator_->start();
    is_started_ = true;
    failed_starts_ = 0;
    return std::nullopt;
  } catch (const Error& e) {
    const auto pause = kStartBackoff.delay(failed_starts_++, random_u64());
    next_start_ = around_.clock.steady_now() + pause;
    monitor_.could_not_start(e.what());
    obs::log(Level::error, "replica", e.what(),
             {{"db", database_name_}, {"replica", config_.name}, {"retry_ms", std::int64_t{pause.count()}}});
    return std::max<std::chrono::nanoseconds>(pause, kNextLook);
  }
}

bool ReplicaUnit::stop() {
  const auto stop_replicator = [this] {
    if (!std::exchange(is_started_, false)) return;
    try {
      replicator_->stop(kPluginStop);
    } catch (const Error& e) {
      obs::log(Level::error, "replica", e.what(), {{"db", database_name_}, {"replica", config_.name}});
      monitor_.could_not_start(e.what());
      is_given_up_ = true;
    }
  };
  // Both stop looking at it, and what they are at ends when the replicator stops.
  around_.maintenance.remove(*replicator_, [&] { around_.verifier.remove(*replicator_, stop_replicator); });
  return !is_given_up_;
}

bool ReplicaUnit::has_durable(const db::Position& tip) const {
  const db::Position durable = feed_->durable();
  return durable.generation == tip.generation && is_gteq(order(durable, tip));
}

bool ReplicaUnit::is_healthy() const { return is_started_ && monitor_.status().last_error.empty(); }

void ReplicaUnit::log_missing(const db::Position& tip) const {
  if (has_durable(tip)) return;
  obs::log(Level::error, "replica", "not everything is durable",
           {{"db", database_name_},
            {"replica", config_.name},
            {"durable", to_string(feed_->durable())},
            {"captured", to_string(tip)},
            {"last_error", monitor_.status().last_error}});
}

ReplicaReport ReplicaUnit::report() const {
  const db::Position durable = feed_->durable();
  return {config_.name,
          config_.type,
          plugin_,
          made_ns_,
          monitor_.status(),
          durable,
          database_.bytes_behind(durable),
          record_.history(),
          config_.verify_interval};
}

}  // namespace lshost::daemon
