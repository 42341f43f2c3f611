// lshost replicate, which is also what `lshost --config FILE` does: replicates until it is told to stop.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/configured.hpp"
#include "daemon/host.hpp"
#include "obs/log.hpp"
#include "os/limits.hpp"
#include "os/signals.hpp"
#include "sqlite/connection.hpp"

namespace lshost::cli {

namespace {

using obs::Level;

/// How long --once waits for a database that can not be attached to.
constexpr std::chrono::seconds kOnceAttach(10);

struct Options {
  std::string config_file;
  bool once = false;
};

void log_start(const config::Config& config) {
  std::uint64_t replicas = 0;
  for (const auto& database : config.databases) replicas += database.replicas.size();
  obs::log(Level::info, "lshost", "started",
           {{"version", LSHOST_VERSION},
            {"sqlite", sqlite::library_version()},
            {"databases", std::uint64_t{config.databases.size()}},
            {"replicas", replicas}});
  if (sqlite::library_has_wal_reset_bug(sqlite::library_version_number())) {
    obs::log(Level::warn, "lshost",
             "this SQLite has the WAL-reset bug; while lshost is attached no process can run into it, but applications "
             "with the same library can whenever it is not",
             {{"sqlite", sqlite::library_version()}});
  }
  if (sqlite::library_leaves_wrong_checksums(sqlite::library_version_number())) {
    obs::log(obs::Level::warn, "lshost",
             "this SQLite can commit frames with wrong checksums (ROLLBACK TO after a spill), which a recovery after a "
             "crash does not find; while lshost is attached it moves them into the database at once, but for "
             "applications with the same library they are a danger whenever it is not",
             {{"sqlite", sqlite::library_version()}});
  }
}

int replicate(const Options& options) {
  if (options.config_file.empty()) {
    throw Error(ErrorCode::invalid, "replicate: no configuration; hint: pass --config FILE or set LSHOST_CONFIG");
  }
  os::Signals signals;  // before any thread
  os::raise_open_files_limit();
  auto configured = load_configured(options.config_file);
  if (!configured) return kWrongUsage;
  sqlite::configure_library();
  log_start(configured->config);

  daemon::Host host(std::move(configured->config), std::move(configured->plugins), system_clock());
  daemon::Supervisor& supervisor = host.supervisor();
  supervisor.start();
  bool all_attached = true;
  if (options.once) {
    all_attached = supervisor.wait_until_attached(kOnceAttach, signals.stop_token());
  } else {
    signals.on_hangup([&host] { host.request_reload(); });
    host.run(signals.stop_token());
    signals.on_hangup(nullptr);
    obs::log(Level::info, "lshost", "stopping");
  }
  const bool all_durable = supervisor.drain(host.shutdown_timeout());
  if (!supervisor.stop()) {
    // A plugin's thread is still running: nothing that it may use can be taken down.
    obs::log(Level::error, "lshost", "ended without a plugin that did not stop");
    std::_Exit(kFailed);
  }
  obs::log(all_durable ? Level::info : Level::error, "lshost",
           all_durable ? "stopped; everything that was captured is durable" : "stopped; not everything is durable");
  return all_durable && all_attached ? kDone : kFailed;
}

}  // namespace

void add_replicate(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  const auto run = [options] { return replicate(*options); };
  add_config_option(line.top(), options->config_file);
  const auto command = line.top().add_command("replicate", "replicate until SIGTERM; the same as lshost --config FILE");
  add_config_option(command, options->config_file);
  command.add_flag("--once", options->once, "replicate what is committed now, then exit");
  command.run(run);
  line.run_without_command([options] { return !options->config_file.empty(); }, run);
}

}  // namespace lshost::cli
