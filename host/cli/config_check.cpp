// lshost config check FILE: every mistake of a configuration, before anything starts.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "config/config.hpp"
#include "daemon/configuration.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::cli {
namespace {

struct Options {
  std::string file;
  bool json = false;
};

std::size_t count_replicas(const config::Config& config) {
  std::size_t count = 0;
  for (const auto& database : config.databases) count += database.replicas.size();
  return count;
}

nlohmann::ordered_json to_json(const config::Loaded& loaded) {
  auto mistakes = nlohmann::ordered_json::array();
  for (const auto& mistake : loaded.mistakes) {
    mistakes.push_back({{"file", loaded.config.file},
                        {"line", mistake.location.line},
                        {"column", mistake.location.column},
                        {"severity", mistake.is_warning ? "warning" : "error"},
                        {"message", mistake.message}});
  }
  return {{"ok", config::is_usable(loaded)},
          {"file", loaded.config.file},
          {"databases", loaded.config.databases.size()},
          {"replicas", count_replicas(loaded.config)},
          {"mistakes", mistakes}};
}

void print_json(const config::Loaded& loaded) {
  using nlohmann::ordered_json;
  // A file's name may be any bytes; JSON may not.
  const auto text = to_json(loaded).dump(2, ' ', false, ordered_json::error_handler_t::replace);
  fmt::print("{}\n", text);
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

void print_text(const config::Loaded& loaded) {
  fmt::print(stderr, "{}", config::format_mistakes(loaded));
  if (!config::is_usable(loaded)) return;
  fmt::print("{}: ok, {}, {}\n", loaded.config.file, counted(loaded.config.databases.size(), "database"),
             counted(count_replicas(loaded.config), "replica"));
}

/// With --json, a file that can not be read is one mistake without a place, so that there is one form for all.
config::Loaded load(const Options& options) {
  try {
    return config::load(options.file);
  } catch (const Error& e) {
    if (!options.json || e.code() != ErrorCode::invalid) throw;
    config::Loaded loaded;
    loaded.config.file = options.file;
    loaded.mistakes.push_back({{}, e.what()});
    return loaded;
  }
}

int check(const Options& options) {
  auto loaded = load(options);
  const plugin::PluginRegistry plugins(loaded.config.plugin_path);
  config::check_all(loaded, daemon::schema_of(plugins));
  options.json ? print_json(loaded) : print_text(loaded);
  return config::is_usable(loaded) ? kDone : kWrongUsage;
}

}  // namespace

void add_config(CommandLine& line) {
  const auto config = line.top().add_command("config", "work on a configuration file");
  config.require_command();
  const auto command = config.add_command("check", "report every mistake in a configuration file");
  const auto options = std::make_shared<Options>();
  command.add_option("file", options->file, "the configuration file", {.is_required = true});
  command.add_flag("--json", options->json, "print the mistakes as JSON");
  command.run([options] { return check(*options); });
}

}  // namespace lshost::cli
