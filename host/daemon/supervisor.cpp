#include "daemon/supervisor.hpp"

#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/error.hpp"
#include "base/random_id.hpp"
#include "db/meta_dir.hpp"
#include "obs/log.hpp"

namespace lshost::daemon {

namespace {

using obs::Level;

constexpr Backoff kStartBackoff{std::chrono::milliseconds(500), std::chrono::milliseconds(60'000)};
constexpr std::chrono::milliseconds kPluginStop(10'000);
/// Between two looks at databases that are being attached.
constexpr std::chrono::milliseconds kAttachLook(5);

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool covers(const db::Position& durable, const db::Position& tip) {
  return durable.generation == tip.generation && is_gteq(order(durable, tip));
}

}  // namespace

Supervisor::Supervisor(const config::Config& config, const plugin::PluginRegistry& plugins, os::Fs& fs,
                       const Clock& clock)
    : fs_(fs), clock_(clock), watcher_(os::make_inotify_watcher()), maintenance_(clock) {
  entries_.reserve(config.databases.size());
  for (const auto& database : config.databases) add(database, config.file, plugins);
}

Supervisor::~Supervisor() { (void)stop(); }

void Supervisor::add(const config::DatabaseConfig& config, const std::string& config_file,
                     const plugin::PluginRegistry& plugins) {
  Entry entry;
  entry.name = file_name(config.path);
  const db::CheckpointRules rules{config.min_checkpoint_pages, config.checkpoint_interval};
  entry.database =
      std::make_unique<db::Database>(db::DatabaseOptions{config.path, config.meta_path, rules,
                                                         config.shadow_wal_limit_bytes, config.exclusive_checkpoints},
                                     fs_, *watcher_, clock_);
  const db::MetaDir meta(config.meta_path);
  for (const auto& replica_config : config.replicas) {
    Replica replica;
    replica.config = replica_config;
    replica.feed = entry.database->subscribe(replica_config.name);
    replica.monitor = std::make_unique<ReplicaMonitor>(entry.name, replica_config.name, progress_, clock_);
    plugin::ReplicaSetup setup;
    setup.config = replica_config;
    setup.config_file = config_file;
    setup.database = entry.name;
    setup.work_dir = meta.replica_directory(replica_config.name);
    setup.feed = replica.feed.get();
    setup.observer = replica.monitor.get();
    replica.replicator = plugins.create(std::move(setup));
    maintenance_.add({entry.name,
                      replica_config.name,
                      {replica_config.snapshot_interval, replica_config.retention},
                      replica.feed.get(),
                      replica.replicator.get(),
                      replica.monitor.get()});
    entry.replicas.push_back(std::move(replica));
  }
  entries_.push_back(std::move(entry));
}

void Supervisor::start() {
  for (Entry& entry : entries_) entry.database->start();
  (void)start_what_is_due();
  maintenance_.start();
}

void Supervisor::try_start(Entry& entry, Replica& replica) {
  try {
    replica.replicator->start();
    replica.is_started = true;
    replica.failed_starts = 0;
  } catch (const Error& e) {
    const auto pause = kStartBackoff.delay(replica.failed_starts++, random_u64());
    replica.next_start = clock_.steady_now() + pause;
    obs::log(Level::error, "replica", e.what(),
             {{"db", entry.name}, {"replica", replica.config.name}, {"retry_ms", std::int64_t{pause.count()}}});
  }
}

/// How long until the next attempt; nullopt: all run.
std::optional<std::chrono::nanoseconds> Supervisor::start_what_is_due() {
  std::optional<std::chrono::nanoseconds> next;
  for (Entry& entry : entries_) {
    for (Replica& replica : entry.replicas) {
      if (!replica.is_started && replica.next_start <= clock_.steady_now()) try_start(entry, replica);
      if (replica.is_started) continue;
      const auto wait = std::max<std::chrono::nanoseconds>(replica.next_start - clock_.steady_now(), kAttachLook);
      next = std::min(next.value_or(wait), wait);
    }
  }
  return next;
}

void Supervisor::run(const std::stop_token& stop) {
  WakeUp idle;
  while (!stop.stop_requested()) {
    const auto next = start_what_is_due();
    (void)(next ? idle.wait_for(stop, *next) : idle.wait(stop));
  }
}

bool Supervisor::wait_until_attached(std::chrono::nanoseconds timeout, const std::stop_token& stop) {
  const auto deadline = clock_.steady_now() + timeout;
  bool all = true;
  for (Entry& entry : entries_) {
    while (entry.database->status().state != db::DatabaseState::replicating) {
      if (stop.stop_requested() || clock_.steady_now() >= deadline) {
        obs::log(Level::error, "database", "not replicated",
                 {{"db", entry.name}, {"reason", entry.database->status().detail}});
        all = false;
        break;
      }
      pause_for(kAttachLook);
    }
  }
  return all;
}

bool Supervisor::drain(std::chrono::nanoseconds timeout) {
  const auto deadline = clock_.steady_now() + timeout;
  bool all = true;
  for (Entry& entry : entries_) {
    const auto captured = entry.database->capture_now();
    const auto status = entry.replicas.empty() ? std::nullopt : entry.replicas.front().feed->status();
    if (!captured && !status) {  // never attached: nothing was captured that could be lost
      obs::log(Level::info, "database", "was not replicated in this run",
               {{"db", entry.name}, {"reason", entry.database->status().detail}});
      continue;
    }
    const db::Position tip = captured ? *captured : status->tip;
    const auto is_durable = [&] {
      return std::all_of(entry.replicas.begin(), entry.replicas.end(),
                         [&](const Replica& replica) { return covers(replica.feed->durable(), tip); });
    };
    while (!is_durable()) {
      const auto left = deadline - clock_.steady_now();
      if (left.count() <= 0) break;
      (void)progress_.wait_for({}, left);
    }
    if (!is_durable()) {
      report_missing(entry, tip);
      all = false;
    }
  }
  return all;
}

void Supervisor::report_missing(const Entry& entry, const db::Position& tip) const {
  for (const Replica& replica : entry.replicas) {
    const db::Position durable = replica.feed->durable();
    if (covers(durable, tip)) continue;
    obs::log(Level::error, "replica", "not everything is durable",
             {{"db", entry.name},
              {"replica", replica.config.name},
              {"durable", to_string(durable)},
              {"captured", to_string(tip)},
              {"last_error", replica.monitor->status().last_error}});
  }
}

bool Supervisor::stop() {
  maintenance_.stop();
  bool all_stopped = true;
  for (Entry& entry : entries_) {
    for (Replica& replica : entry.replicas) {
      if (!std::exchange(replica.is_started, false)) continue;
      try {
        replica.replicator->stop(kPluginStop);
      } catch (const Error& e) {
        obs::log(Level::error, "replica", e.what(), {{"db", entry.name}, {"replica", replica.config.name}});
        all_stopped = false;
      }
    }
  }
  for (Entry& entry : entries_) {
    for (Replica& replica : entry.replicas) {
      replica.replicator.reset();
      replica.feed.reset();
    }
    entry.database->stop();
  }
  return all_stopped;
}

}  // namespace lshost::daemon
