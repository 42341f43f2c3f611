#include "daemon/reload.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "daemon/reload_plan.hpp"
#include "obs/log.hpp"

namespace lshost::daemon {

namespace {

using obs::Level;

/// "replicas.toml:12:3: why" as a mistake at that place; a message without one is about `otherwise`.
config::Diagnostic placed(std::string_view message, const std::string& file, config::Location otherwise) {
  if (!message.starts_with(file + ":")) return {otherwise, std::string(message)};
  std::string_view rest = message.substr(file.size() + 1);
  config::Location place;
  for (std::uint32_t* number : {&place.line, &place.column}) {
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), *number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (failure != std::errc() || !rest.starts_with(':')) return {otherwise, std::string(message)};
    rest.remove_prefix(1);
  }
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return {place, std::string(rest)};
}

/// What only the plugin knows about its configuration: made as for a restore, without a database, and dropped.
void try_out(const config::ReplicaConfig& replica, const std::string& file, const plugin::PluginRegistry& plugins,
             std::vector<config::Diagnostic>& mistakes) {
  plugin::ReplicaSetup setup;
  setup.config = replica;
  setup.config_file = file;
  try {
    (void)plugins.create(std::move(setup));
  } catch (const Error& e) {
    mistakes.push_back(placed(e.what(), file, replica.location));
  }
}

void try_out_all(const ReloadPlan& plan, Configuration& next) {
  const auto& file = next.loaded.config.file;
  auto& mistakes = next.loaded.mistakes;
  for (const auto* databases : {&plan.add_databases, &plan.restart_databases}) {
    for (const auto& database : *databases) {
      for (const auto& replica : database.replicas) try_out(replica, file, *next.plugins, mistakes);
    }
  }
  for (const auto* replicas : {&plan.add_replicas, &plan.restart_replicas}) {
    for (const auto& change : *replicas) try_out(change.config, file, *next.plugins, mistakes);
  }
}

void refuse(const Configuration& next, ReloadReport& report) {
  report.is_refused = true;
  report.mistakes = next.loaded.mistakes;
  report.text = config::format_mistakes(next.loaded);
}

std::vector<std::string> not_in(const std::vector<std::string>& known, std::vector<std::string> found) {
  std::erase_if(found, [&](const auto& type) { return std::ranges::find(known, type) != known.end(); });
  return found;
}

void log_report(const ReloadReport& report) {
  for (const auto& mistake : report.mistakes) {
    obs::log(mistake.is_warning ? Level::warn : Level::error, "reload", mistake.message,
             {{"file", report.file}, {"line", mistake.location.line}, {"column", mistake.location.column}});
  }
  for (const auto& action : report.actions) {
    const bool is_done = action.error.empty();
    std::vector<obs::Field> fields{{"db", action.database}};
    if (!action.replica.empty()) fields.emplace_back("replica", action.replica);
    if (!is_done) fields.emplace_back("reason", action.error);
    obs::log(is_done ? Level::info : Level::error, "reload", is_done ? action.what : "not " + action.what,
             fields.data(), fields.size());
  }
  for (const auto& type : report.new_types) obs::log(Level::info, "reload", "new plugin type", {{"type", type}});
  for (const auto& change : report.replaced) {
    obs::log(Level::warn, "reload", "a plugin was replaced; restart lshost to use the new one",
             {{"type", change.type},
              {"file", change.reason.empty() ? change.found.path : change.loaded.path},
              {"loaded", change.loaded.version},
              {"found", change.found.version},
              {"reason", change.reason}});
  }
  for (const auto& key : report.needs_restart) {
    obs::log(Level::warn, "reload", "a new value holds after a restart only", {{"key", key}});
  }
  if (report.is_refused) {
    obs::log(Level::error, "reload", "refused: the configuration has mistakes; nothing was changed",
             {{"file", report.file}, {"mistakes", std::uint64_t{report.mistakes.size()}}});
  } else {
    obs::log(Level::info, "reload", "done",
             {{"file", report.file},
              {"actions", std::uint64_t{report.actions.size()}},
              {"settings", std::uint64_t{report.settings.size()}}});
  }
}

}  // namespace

bool ReloadReport::has_failed() const noexcept {
  return is_refused || std::ranges::any_of(actions, [](const ReloadAction& action) { return !action.error.empty(); });
}

Reloader::Reloader(config::Config running, std::unique_ptr<plugin::PluginRegistry> plugins, Supervisor& supervisor)
    : config_(std::move(running)), supervisor_(supervisor), types_(plugins->types()), plugins_(std::move(plugins)) {}

std::shared_ptr<const plugin::PluginRegistry> Reloader::plugins() const {
  const MutexLock lock(mutex_);
  return plugins_;
}

std::vector<plugin::PluginChange> Reloader::replaced_plugins() const { return plugins()->changes(); }

ReloadReport Reloader::reload(const std::stop_token& stop) {
  ReloadReport report;
  report.file = config_.file;
  try {
    adopt(read_configuration(config_.file, plugins().get()), report, stop);
  } catch (const Error& e) {
    report.is_refused = true;
    report.mistakes.push_back({{}, e.what()});
    report.text = std::string(e.what()) + "\n";
  }
  log_report(report);
  return report;
}

void Reloader::adopt(Configuration next, ReloadReport& report, const std::stop_token& stop) {
  // All that is found now counts as seen, also where the file is refused: that is about the file.
  report.replaced = next.plugins->changes();
  auto types = next.plugins->types();
  report.new_types = not_in(types_, types);
  types_ = std::move(types);
  if (!config::is_usable(next.loaded)) return refuse(next, report);
  const ReloadPlan plan = plan_reload(config_, next.loaded.config);
  try_out_all(plan, next);
  if (!config::is_usable(next.loaded)) return refuse(next, report);
  report.mistakes = next.loaded.mistakes;  // warnings
  report.text = config::format_mistakes(next.loaded);
  report.settings = plan.settings;
  report.needs_restart = plan.needs_restart;
  configure_log(next.loaded.config);
  const auto timeout = next.loaded.config.shutdown_timeout;
  report.actions = supervisor_.apply(plan, next.loaded.config.file, *next.plugins, timeout, stop);
  auto socket = std::move(config_.control_socket);  // the one that is in use until the restart
  config_ = std::move(next.loaded.config);
  config_.control_socket = std::move(socket);
  config_.databases = supervisor_.running();
  const MutexLock lock(mutex_);
  plugins_ = std::move(next.plugins);
}

}  // namespace lshost::daemon
