#pragma once
// Applies a changed configuration file to a running host: all of it is good, or nothing changes.

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "config/config.hpp"
#include "daemon/configuration.hpp"
#include "daemon/supervisor.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::daemon {

/// What a reload came to.
struct ReloadReport {
  std::string file;
  bool is_refused = false;                     ///< nothing was changed: `mistakes` say why
  std::vector<config::Diagnostic> mistakes;    ///< warnings alone refuse nothing
  std::string text;                            ///< the mistakes for people, with the lines they are about
  std::vector<ReloadAction> actions;           ///< in the order of the doing
  std::vector<std::string> settings;           ///< keys with a new value
  std::vector<std::string> needs_restart;      ///< keys whose new value holds after a restart of the host only
  std::vector<std::string> new_types;          ///< types of plugins that were not there before
  std::vector<plugin::PluginChange> replaced;  ///< plugins that were replaced: a restart is asked for

  /// Refused, or some action failed.
  [[nodiscard]] bool has_failed() const noexcept;
};

/// Threads: one, that of the supervisor; replaced_plugins() from any.
class Reloader {
 public:
  /// `running`: what `supervisor`, which is borrowed, was made from.
  Reloader(config::Config running, std::unique_ptr<plugin::PluginRegistry> plugins, Supervisor& supervisor);

  /// Reads the file again, looks for new plugins, checks everything, and does what is different. Every part of the
  /// report is also logged. Never throws for what is in the file, or that it can not be read.
  [[nodiscard]] ReloadReport reload(const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);

  /// The configuration that holds now.
  [[nodiscard]] const config::Config& config() const noexcept { return config_; }
  /// The plugins whose files are not those that were loaded.
  [[nodiscard]] std::vector<plugin::PluginChange> replaced_plugins() const LSHOST_EXCLUDES(mutex_);

 private:
  void adopt(Configuration next, ReloadReport& report, const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] std::shared_ptr<const plugin::PluginRegistry> plugins() const LSHOST_EXCLUDES(mutex_);

  config::Config config_;
  Supervisor& supervisor_;
  std::vector<std::string> types_;  // those that were found the last time

  mutable Mutex mutex_;
  std::shared_ptr<const plugin::PluginRegistry> plugins_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::daemon
