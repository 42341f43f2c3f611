#pragma once
// A configuration that a host can work with: read, checked with the plugins it names, or refused with every mistake.

#include <memory>
#include <string>

#include "config/config.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::daemon {

/// What a file says, and the plugins behind it. Good only if config::is_usable(loaded).
struct Configuration {
  config::Loaded loaded;
  std::unique_ptr<plugin::PluginRegistry> plugins;
};

/// What the plugins know, for config::check_all: a type that can not be loaded is a mistake at its place in the file.
/// Borrows `plugins`.
[[nodiscard]] config::SchemaOf schema_of(const plugin::PluginRegistry& plugins);

/// Reads and checks `file`. `earlier`: the plugins of the running host, which stay what they are; nullptr: none.
/// Throws Error{invalid} if the file can not be read.
[[nodiscard]] Configuration read_configuration(const std::string& file,
                                               const plugin::PluginRegistry* earlier = nullptr);

/// Level and form of the log as configured.
void configure_log(const config::Config& config);

}  // namespace lshost::daemon
