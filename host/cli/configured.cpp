#include "cli/configured.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/command_line.hpp"
#include "daemon/configuration.hpp"

namespace lshost::cli {

std::optional<Configured> load_configured(const std::string& file) {
  auto read = daemon::read_configuration(file);
  if (!read.loaded.mistakes.empty()) fmt::print(stderr, "{}", config::format_mistakes(read.loaded));
  if (!config::is_usable(read.loaded)) return std::nullopt;
  daemon::configure_log(read.loaded.config);
  return Configured{std::move(read.loaded.config), std::move(read.plugins)};
}

void add_config_option(const Command& command, std::string& file) {
  command.add_option("--config", file, "the configuration file, replicas.toml",
                     {.environment_variable = "LSHOST_CONFIG"});
}

}  // namespace lshost::cli
