// lshost plugin list, lshost plugin info TYPE: which plugins there are, and what one of them knows.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/replica_url.hpp"
#include "config/config.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string config_file;
  std::string type;
  bool json = false;
};

/// The plugin-path of the configuration, if one is named. Its other mistakes are not in the way here.
plugin::PluginRegistry registry_of(const Options& options) {
  if (options.config_file.empty()) return plugin::PluginRegistry({});
  const auto loaded = config::load(options.config_file);
  if (!config::is_usable(loaded)) fmt::print(stderr, "{}", config::format_mistakes(loaded));
  return plugin::PluginRegistry(loaded.config.plugin_path);
}

void print_json(const ordered_json& value) {
  // A file's name may be any bytes; JSON may not.
  fmt::print("{}\n", value.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

/// Rows in columns as wide as what is in them; the last one may be as long as it likes.
void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }
}

// ---- list ----

ordered_json to_json(const plugin::FoundPlugin& found) {
  ordered_json json = {{"type", found.type}, {"file", found.path}};
  if (!found.identity) {
    json["refused"] = found.refusal;
    return json;
  }
  json["name"] = found.identity->name;
  json["version"] = found.identity->version;
  json["types"] = found.identity->types;
  json["abi"] = fmt::format("{}.{}", found.identity->abi_major, found.identity->abi_minor);
  json["sdk"] = found.identity->sdk;
  return json;
}

int list_as_json(const plugin::PluginRegistry& registry) {
  auto plugins = ordered_json::array();
  for (const auto& found : registry.find_all()) plugins.push_back(to_json(found));
  print_json({{"folders", registry.folders()}, {"plugins", plugins}});
  return kDone;
}

int list_as_text(const plugin::PluginRegistry& registry) {
  const auto all = registry.find_all();
  std::vector<std::vector<std::string>> rows = {{"TYPE", "NAME", "VERSION", "FILE"}};
  for (const auto& found : all) {
    if (found.identity) rows.push_back({found.type, found.identity->name, found.identity->version, found.path});
  }
  if (rows.size() > 1) print_table(rows);
  if (rows.size() > 1 && rows.size() <= all.size()) fmt::print("\n");
  for (const auto& found : all) {
    if (!found.identity) fmt::print("{}\n", found.refusal);
  }
  if (!all.empty()) return kDone;
  fmt::print("no plugins found; folders that were searched:\n");
  for (const auto& folder : registry.folders()) fmt::print("  {}\n", folder);
  return kDone;
}

int list_plugins(const Options& options) {
  const auto registry = registry_of(options);
  return options.json ? list_as_json(registry) : list_as_text(registry);
}

// ---- info ----

std::string_view name_of(config::KeyType type) {
  switch (type) {
    case config::KeyType::string:
      return "string";
    case config::KeyType::integer:
      return "integer";
    case config::KeyType::boolean:
      return "boolean";
    case config::KeyType::real:
      return "number";
    case config::KeyType::duration:
      return "duration";
    case config::KeyType::size:
      return "size";
  }
  return "?";
}

std::string type_of(const config::KeySpec& key) {
  return fmt::format("{}{}", name_of(key.type), key.list ? " list" : "");
}

/// What is to be known about a key besides its type and default.
std::string notes_of(const config::KeySpec& key) {
  std::string notes = key.help;
  const auto add = [&](const std::string& note) { notes += (notes.empty() ? "" : "; ") + note; };
  if (!key.choices.empty()) add(fmt::format("one of {}", fmt::join(key.choices, ", ")));
  if (key.secret) add("secret");
  if (key.deprecated) add("deprecated");
  return notes;
}

std::string default_of(const config::KeySpec& key) {
  if (key.required) return "(required)";
  return key.default_value.value_or("-");
}

/// A value as it may stand in a configuration.
std::string example_value(const config::KeySpec& key) {
  const auto quoted = [](const std::string& text) { return ordered_json(text).dump(); };  // TOML's escapes are JSON's
  const std::string text = key.default_value.value_or(key.choices.empty() ? "" : key.choices.front());
  switch (key.type) {
    case config::KeyType::string:
      return quoted(text.empty() ? "..." : text);
    case config::KeyType::duration:
      return quoted(text.empty() ? "1s" : text);
    case config::KeyType::size:
      return quoted(text.empty() ? "1MiB" : text);
    case config::KeyType::integer:
      return text.empty() ? "0" : text;
    case config::KeyType::real:
      return text.empty() ? "0.0" : text;
    case config::KeyType::boolean:
      return text.empty() ? "false" : text;
  }
  return "\"\"";
}

/// A [[database.replica]] with every key that is not deprecated; what is not required is commented out.
std::string example_of(const std::string& type, const std::vector<config::KeySpec>& keys) {
  std::string text = fmt::format("[[database.replica]]\ntype = \"{}\"\n", type);
  for (const auto& key : keys) {
    if (key.deprecated) continue;
    std::string value = key.secret ? fmt::format("\"${{{}}}\"", "SECRET") : example_value(key);
    if (key.list) value = fmt::format("[{}]", value);
    text += fmt::format("{}{} = {}\n", key.required ? "" : "# ", key.key, value);
  }
  return text;
}

ordered_json to_json(const config::KeySpec& key) {
  ordered_json json = {{"key", key.key},           {"type", name_of(key.type)}, {"list", key.list},
                       {"required", key.required}, {"secret", key.secret},      {"deprecated", key.deprecated},
                       {"help", key.help},         {"choices", key.choices}};
  json["default"] = key.default_value ? ordered_json(*key.default_value) : ordered_json();
  return json;
}

int info_as_json(const plugin::FoundPlugin& found, const plugin::PluginType& type,
                 const std::optional<std::vector<config::KeySpec>>& keys) {
  ordered_json json = to_json(found);
  json["summary"] = type.summary;
  json["keys"] = nullptr;  // not known
  if (keys) {
    json["keys"] = ordered_json::array();
    for (const auto& key : *keys) json["keys"].push_back(to_json(key));
    json["url"] = form_of_url(found.type, *keys);  // "": none
    json["example"] = example_of(found.type, *keys);
  }
  print_json(json);
  return kDone;
}

int info_as_text(const plugin::FoundPlugin& found, const plugin::PluginType& type,
                 const std::optional<std::vector<config::KeySpec>>& keys) {
  const plugin::Identity& identity = type.library->identity;
  print_table({{"type", found.type},
               {"summary", type.summary.empty() ? "-" : type.summary},
               {"plugin", identity.name + " " + identity.version},
               {"abi", fmt::format("{}.{}", identity.abi_major, identity.abi_minor)},
               {"made with", identity.sdk},
               {"file", found.path},
               {"URL", keys && !form_of_url(found.type, *keys).empty() ? form_of_url(found.type, *keys) : "-"}});
  fmt::print("\n");
  if (!keys) {
    fmt::print("The plugin does not say which keys it knows; it checks them when a replica is made.\n");
    return kDone;
  }
  std::vector<std::vector<std::string>> rows = {{"KEY", "TYPE", "DEFAULT", "MEANING"}};
  for (const auto& key : *keys) rows.push_back({key.key, type_of(key), default_of(key), notes_of(key)});
  print_table(rows);
  fmt::print("\n{}", example_of(found.type, *keys));
  return kDone;
}

int show_plugin(const Options& options) {
  const auto registry = registry_of(options);
  const auto type = registry.load(options.type);
  const auto keys = registry.schema_of(options.type);
  const plugin::FoundPlugin found{options.type, type.library->path, type.library->identity, ""};
  return options.json ? info_as_json(found, type, keys) : info_as_text(found, type, keys);
}

void add_common(const Command& command, Options& options) {
  command.add_option("--config", options.config_file, "take plugin-path from this configuration");
  command.add_flag("--json", options.json, "print JSON");
}

}  // namespace

void add_plugin(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  const auto group = line.top().add_command("plugin", "look at the plugins that this lshost can use");
  group.require_command();

  const auto list = group.add_command("list", "list all plugins, and why some are refused; runs none of them");
  add_common(list, *options);
  list.run([options] { return list_plugins(*options); });

  const auto info = group.add_command("info", "show a plugin and the configuration keys that it knows");
  info.add_option("TYPE", options->type, "as it stands behind type = in a configuration", {.is_required = true});
  add_common(info, *options);
  info.run([options] { return show_plugin(*options); });

  add_plugin_new(group);
  add_plugin_check(group);
}

}  // namespace lshost::cli
