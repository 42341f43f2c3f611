#pragma once
// A configuration that a command can work with: read, checked with the plugins it names, or refused with every mistake.

#include <memory>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::cli {

class Command;

/// A good configuration and the plugins behind it.
struct Configured {
  config::Config config;
  std::unique_ptr<plugin::PluginRegistry> plugins;
};

/// Loads and checks `file` and sets the log up as it says. nullopt: it has mistakes, and all of them were printed;
/// the command ends with kWrongUsage. Throws Error{invalid} if the file can not be read.
[[nodiscard]] std::optional<Configured> load_configured(const std::string& file);

/// Adds the option --config (or LSHOST_CONFIG in the environment) to a command.
void add_config_option(const Command& command, std::string& file);

}  // namespace lshost::cli
