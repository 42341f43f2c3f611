#include "cli/configured.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/error.hpp"
#include "cli/command_line.hpp"
#include "obs/log.hpp"

namespace lshost::cli {

namespace {

obs::Level level_of(config::LogLevel level) noexcept {
  switch (level) {
    case config::LogLevel::trace:
      return obs::Level::trace;
    case config::LogLevel::debug:
      return obs::Level::debug;
    case config::LogLevel::info:
      return obs::Level::info;
    case config::LogLevel::warn:
      return obs::Level::warn;
    case config::LogLevel::error:
      return obs::Level::error;
  }
  return obs::Level::info;
}

obs::Format format_of(config::LogFormat format) noexcept {
  return format == config::LogFormat::json ? obs::Format::json : obs::Format::text;
}

}  // namespace

config::SchemaOf schema_of(const plugin::PluginRegistry& plugins) {
  return [&plugins](const config::ReplicaConfig& replica,
                    std::vector<config::Diagnostic>& mistakes) -> std::optional<std::vector<config::KeySpec>> {
    try {
      return plugins.schema_of(replica.type);
    } catch (const Error& e) {
      mistakes.push_back({replica.type_location, e.what()});
      return std::nullopt;
    }
  };
}

std::optional<Configured> load_configured(const std::string& file) {
  config::Loaded loaded = config::load(file);
  auto plugins = std::make_unique<plugin::PluginRegistry>(loaded.config.plugin_path);
  config::check_all(loaded, schema_of(*plugins));
  if (!loaded.mistakes.empty()) fmt::print(stderr, "{}", config::format_mistakes(loaded));
  if (!config::is_usable(loaded)) return std::nullopt;
  obs::configure_log(level_of(loaded.config.log_level), format_of(loaded.config.log_format));
  return Configured{std::move(loaded.config), std::move(plugins)};
}

void add_config_option(const Command& command, std::string& file) {
  command.add_option("--config", file, "the configuration file, replicas.toml",
                     {.environment_variable = "LSHOST_CONFIG"});
}

}  // namespace lshost::cli
