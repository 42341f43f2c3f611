#include "daemon/configuration.hpp"

#include <utility>

#include "base/error.hpp"
#include "isolation/create_replicator.hpp"
#include "obs/log.hpp"

namespace lshost::daemon {

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
      return isolation::schema_of(plugins, replica);
    } catch (const Error& e) {
      mistakes.push_back({replica.type_location, e.what()});
      return std::nullopt;
    }
  };
}

Configuration read_configuration(const std::string& file, const plugin::PluginRegistry* earlier) {
  Configuration read{config::load(file), nullptr};
  const auto& folders = read.loaded.config.plugin_path;
  read.plugins = earlier == nullptr ? std::make_unique<plugin::PluginRegistry>(folders)
                                    : std::make_unique<plugin::PluginRegistry>(folders, *earlier);
  config::check_all(read.loaded, schema_of(*read.plugins));
  return read;
}

void configure_log(const config::Config& config) {
  obs::configure_log(level_of(config.log_level), format_of(config.log_format));
}

}  // namespace lshost::daemon
