#include "config/sections.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "config/paths.hpp"
#include "config/source_text.hpp"
#include "config/table_reader.hpp"

namespace lshost::config {
namespace {

constexpr std::chrono::seconds kIntervalMin{1};
constexpr std::uint64_t kShadowWalLimitMin = std::uint64_t{1} << 20;
constexpr std::uint64_t kMemoryLimitMin = std::uint64_t{64} << 20;
constexpr std::size_t kNameLengthMax = 64;

constexpr std::string_view kTypeCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

/// What must not be there twice, and where it was seen first.
using Seen = std::map<std::string, Location>;

std::optional<std::string> as_path(std::string_view key, const Node& node, const std::string& directory,
                                   Mistakes& mistakes) {
  auto text = as_text(key, node, mistakes);
  if (!text) return std::nullopt;
  if (!text->empty()) return resolve_path(directory, *text);
  mistakes.push_back({node.location, fmt::format("{}: expected a path, found an empty string", key)});
  return std::nullopt;
}

std::optional<std::string> as_folder(std::string_view key, const Node& node, const std::string& directory,
                                     Mistakes& mistakes) {
  auto path = as_path(key, node, directory, mistakes);
  if (path && path->size() > 1 && path->ends_with('/')) path->pop_back();
  return path;
}

std::optional<std::vector<std::string>> as_folders(std::string_view key, const Node& node, const std::string& directory,
                                                   Mistakes& mistakes) {
  std::vector<std::string> paths;
  const auto add = [&](const Node& element) {
    if (auto path = as_folder(key, element, directory, mistakes)) paths.push_back(*std::move(path));
  };
  if (const auto* array = std::get_if<std::vector<Node>>(&node.data)) {
    std::ranges::for_each(*array, add);
  } else {
    add(node);
  }
  return paths;
}

/// A name made of `characters`; `form` says which.
std::optional<std::string> as_name(std::string_view key, const Node& node, std::string_view characters,
                                   std::string_view form, Mistakes& mistakes) {
  auto text = as_text(key, node, mistakes);
  if (!text) return std::nullopt;
  const bool is_good = !text->empty() && text->size() <= kNameLengthMax && *text != "." && *text != ".." &&
                       text->find_first_not_of(characters) == std::string::npos;
  if (is_good) return text;
  mistakes.push_back({node.location, fmt::format("{}: expected 1 to {} characters out of {}, found {}", key,
                                                 kNameLengthMax, form, describe(node))});
  return std::nullopt;
}

/// The tables of [[header]], or of an array of inline tables. What is no table is reported.
std::vector<const Node*> tables_of(const Member& member, std::string_view header, Mistakes& mistakes) {
  std::vector<const Node*> tables;
  const auto take = [&](const Node& node, Location location) {
    if (std::holds_alternative<Table>(node.data)) return tables.push_back(&node);
    mistakes.push_back({location, fmt::format("{}: expected a table, found {}; hint: write [[{}]].", member.key,
                                              describe(node), header)});
  };
  if (const auto* array = std::get_if<std::vector<Node>>(&member.node.data)) {
    for (const auto& node : *array) take(node, node.location);
  } else if (std::holds_alternative<Table>(member.node.data)) {
    const auto* form = "{}: write [[{}]], with two brackets on each side{}";
    const auto* order = header == "database" ? ", and each [[database.replica]] behind its [[database]]" : "";
    mistakes.push_back({member.key_location, fmt::format(fmt::runtime(form), member.key, header, order)});
  } else {
    take(member.node, member.node.location);
  }
  return tables;
}

// --- [[database.replica]] -------------------------------------------------------------------------------------------

Value to_value(const Node& node) {
  Value value;
  value.location = node.location;
  value.end = node.end;
  value.is_private = node.is_private;
  if (const auto* text = std::get_if<std::string>(&node.data)) value.data = *text;
  if (const auto* number = std::get_if<std::int64_t>(&node.data)) value.data = *number;
  if (const auto* number = std::get_if<double>(&node.data)) value.data = *number;
  if (const auto* flag = std::get_if<bool>(&node.data)) value.data = *flag;
  if (const auto* array = std::get_if<std::vector<Node>>(&node.data)) {
    std::vector<Value> elements;
    std::ranges::transform(*array, std::back_inserter(elements), to_value);
    value.data = std::move(elements);
  }
  return value;
}

bool is_scalar(const Node& node) {
  return !std::holds_alternative<Date>(node.data) && !std::holds_alternative<Table>(node.data) &&
         !std::holds_alternative<std::vector<Node>>(node.data);
}

/// Whether a plugin can be given the value; reports if not.
bool check_plugin_value(std::string_view key, const Node& node, Mistakes& mistakes) {
  const auto* array = std::get_if<std::vector<Node>>(&node.data);
  const auto elements = array != nullptr ? std::span<const Node>(*array) : std::span<const Node>(&node, 1);
  bool is_good = true;
  for (const auto& element : elements) {
    is_good = is_good && !element.is_broken;
    if (is_scalar(element)) continue;
    is_good = false;
    mistakes.push_back({element.location, fmt::format("{}: expected a string, a number, true, false or an array of "
                                                      "these, found {}",
                                                      key, describe(element))});
  }
  return is_good;
}

Entry read_entry(const Member& member, Mistakes& mistakes) {
  Entry entry{.key = member.key, .value = to_value(member.node), .key_location = member.key_location};
  entry.is_broken = !check_plugin_value(member.key, member.node, mistakes);
  return entry;
}

void read_isolation(const TableReader& reader, ReplicaConfig& replica) {
  static const std::vector<std::string> kKinds{"none", "process"};
  reader.read("isolation", replica.isolation, as_choice, kKinds);
  reader.read("isolation-memory-limit", replica.isolation_memory_limit_bytes, as_size, kMemoryLimitMin);
  const auto* limit = reader.find("isolation-memory-limit");
  const bool has_process = replica.isolation == Isolation::process;
  const bool is_broken = reader.find("isolation") != nullptr && reader.find("isolation")->node.is_broken;
  if (limit == nullptr || has_process || is_broken) return;
  reader.report(limit->key_location,
                "isolation-memory-limit: there is no process to limit; hint: add isolation = \"process\".");
}

ReplicaConfig read_replica(const Node& node, Seen& names, Mistakes& mistakes) {
  const auto& table = std::get<Table>(node.data);
  const TableReader reader(Scope::replica, table, node.location, mistakes);
  ReplicaConfig replica;
  replica.location = node.location;
  const auto* type = reader.require("type", R"("file" or another plugin's type)");
  if (type != nullptr) replica.type_location = type->node.location;
  reader.read("type", replica.type, as_name, kTypeCharacters, "a-z, 0-9 and '-'");
  replica.name = replica.type;
  reader.read("name", replica.name, as_name, kNameCharacters, "A-Z, a-z, 0-9, '.', '_' and '-'");
  reader.read("snapshot-interval", replica.snapshot_interval, as_duration, DurationRange{kIntervalMin});
  reader.read("retention", replica.retention, as_duration, DurationRange{kIntervalMin});
  reader.read("verify-interval", replica.verify_interval, as_duration, DurationRange{kIntervalMin});
  read_isolation(reader, replica);
  for (const auto& member : table.members) {
    if (find_host_key(Scope::replica, member.key) == nullptr) replica.entries.push_back(read_entry(member, mistakes));
  }

  const auto* name = reader.find("name");
  const auto place = name != nullptr ? name->node.location : node.location;
  const bool is_named = !replica.name.empty();  // else its mistake is reported
  const auto [first, is_new] = is_named ? names.emplace(replica.name, place) : std::pair(names.end(), true);
  if (!is_new)
    reader.report(place, fmt::format("another replica of this database is named {}, in line {}; hint: give each a "
                                     "'name'.",
                                     quoted(replica.name), first->second.line));
  return replica;
}

// --- [[database]] ---------------------------------------------------------------------------------------------------

class DatabaseReader {
 public:
  DatabaseReader(const std::string& directory, Mistakes& mistakes) : directory_(directory), mistakes_(mistakes) {}

  DatabaseConfig read(const Node& node) {
    const TableReader reader(Scope::database, std::get<Table>(node.data), node.location, mistakes_);
    DatabaseConfig database;
    database.location = node.location;
    read_paths(reader, database, node.location);
    reader.read("checkpoint-interval", database.checkpoint_interval, as_duration,
                DurationRange{kIntervalMin, /*zero_is_allowed=*/false});
    reader.read("min-checkpoint-pages", database.min_checkpoint_pages, as_integer, 1,
                std::numeric_limits<std::int32_t>::max());
    reader.read("shadow-wal-limit", database.shadow_wal_limit_bytes, as_size, kShadowWalLimitMin);
    reader.read("exclusive-checkpoints", database.exclusive_checkpoints, as_flag);
    read_replicas(reader, database);
    reader.report_unknown();
    return database;
  }

 private:
  void read_paths(const TableReader& reader, DatabaseConfig& database, Location header) {
    const auto* path = reader.require("path", R"("/path/to/the.db")");
    reader.read("path", database.path, as_path, directory_);
    if (!database.path.empty()) database.meta_path = beside(database.path);
    reader.read("meta-path", database.meta_path, as_folder, directory_);
    if (!database.meta_path.empty()) database.verify_path = database.meta_path + "/verify";
    reader.read("verify-path", database.verify_path, as_folder, directory_);
    if (const auto* verify = reader.find("verify-path");
        verify != nullptr && kind_of(database.verify_path) == PathKind::other)
      reader.report(verify->node.location, "verify-path: expected a folder, found a file");
    const bool is_repeated = !database.path.empty() && !check_path(reader, path->node.location, database.path);
    // Two databases that are one file have one meta-path by default; that mistake is reported already.
    const auto* meta = reader.find("meta-path");
    if (meta != nullptr || !is_repeated)
      check_meta_path(reader, meta != nullptr ? meta->node.location : header, database.meta_path);
  }

  /// Returns whether this database was not there before.
  bool check_path(const TableReader& reader, Location place, const std::string& path) {
    if (kind_of(path) == PathKind::folder || path.ends_with('/')) {
      reader.report(place, "path: expected a database file, found a folder");
      return true;
    }
    const auto [first, is_new] = paths_.emplace(identity_of(path), place);
    if (!is_new)
      reader.report(place, fmt::format("the same database stands in line {}; hint: one [[database]] can have many "
                                       "[[database.replica]].",
                                       first->second.line));
    return is_new;
  }

  void check_meta_path(const TableReader& reader, Location place, const std::string& path) {
    if (path.empty()) return;  // no good, and reported
    if (kind_of(path) == PathKind::other) reader.report(place, "meta-path: expected a folder, found a file");
    const auto [first, is_new] = meta_paths_.emplace(identity_of(path), place);
    if (!is_new)
      reader.report(place, fmt::format("another database has the same meta-path, see line {}", first->second.line));
  }

  void read_replicas(const TableReader& reader, DatabaseConfig& database) {
    const auto* member = reader.find("replica");
    const auto tables =
        member == nullptr ? std::vector<const Node*>{} : tables_of(*member, "database.replica", mistakes_);
    const bool is_reported = member != nullptr && !is_empty_array(member->node);
    if (tables.empty() && !is_reported)
      reader.report(database.location, "[[database]] without a replica; hint: add a [[database.replica]] behind it.");
    Seen names;
    for (const auto* table : tables) database.replicas.push_back(read_replica(*table, names, mistakes_));
  }

  static bool is_empty_array(const Node& node) {
    const auto* array = std::get_if<std::vector<Node>>(&node.data);
    return array != nullptr && array->empty();
  }

  /// ".app.db-lshost" in the folder of app.db.
  static std::string beside(const std::string& path) {
    const auto slash = path.rfind('/');
    return path.substr(0, slash + 1) + "." + path.substr(slash + 1) + "-lshost";
  }

  const std::string& directory_;
  Mistakes& mistakes_;
  Seen paths_;
  Seen meta_paths_;
};

// --- the top, [log] and [control] -----------------------------------------------------------------------------------

/// The table behind [header]; nullptr: it is none, and that is reported.
const Table* single_table(const Member& member, Mistakes& mistakes) {
  const auto* table = std::get_if<Table>(&member.node.data);
  if (table == nullptr)
    mistakes.push_back({member.key_location, fmt::format("{0}: expected a table, found {1}; hint: write [{0}].",
                                                         member.key, describe(member.node))});
  return table;
}

/// "" stands for no socket at all.
std::optional<std::string> as_socket(std::string_view key, const Node& node, const std::string& directory,
                                     Mistakes& mistakes) {
  auto text = as_text(key, node, mistakes);
  if (!text || text->empty()) return text;
  auto path = resolve_path(directory, *text);
  if (kind_of(path) != PathKind::folder && !path.ends_with('/')) return path;
  mistakes.push_back({node.location, fmt::format("{}: expected the path of a socket, found a folder", key)});
  return std::nullopt;
}

void read_control(const Member& member, const std::string& directory, Config& config, Mistakes& mistakes) {
  const auto* table = single_table(member, mistakes);
  if (table == nullptr) return;
  const TableReader reader(Scope::control, *table, member.node.location, mistakes);
  reader.read("socket", config.control_socket, as_socket, directory);
  reader.report_unknown();
}

void read_log(const Member& member, Config& config, Mistakes& mistakes) {
  const auto* table = single_table(member, mistakes);
  if (table == nullptr) return;
  const TableReader reader(Scope::log, *table, member.node.location, mistakes);
  static const std::vector<std::string> kLevels{"trace", "debug", "info", "warn", "error"};
  static const std::vector<std::string> kFormats{"text", "json"};
  reader.read("level", config.log_level, as_choice, kLevels);
  reader.read("format", config.log_format, as_choice, kFormats);
  reader.report_unknown();
}

void read_databases(const TableReader& reader, const std::string& directory, Config& config, Mistakes& mistakes) {
  const auto* member = reader.find("database");
  const auto* array = member == nullptr ? nullptr : std::get_if<std::vector<Node>>(&member->node.data);
  if (member == nullptr || (array != nullptr && array->empty())) {
    reader.report({1, 1}, "no database; hint: add a [[database]] with its path, and a [[database.replica]] behind it.");
    return;
  }
  DatabaseReader databases(directory, mistakes);
  for (const auto* table : tables_of(*member, "database", mistakes)) config.databases.push_back(databases.read(*table));
}

}  // namespace

Config read_sections(const Table& root, const std::string& directory, Mistakes& mistakes) {
  Config config;
  const TableReader reader(Scope::top, root, {1, 1}, mistakes);
  reader.read("plugin-path", config.plugin_path, as_folders, directory);
  reader.read("shutdown-timeout", config.shutdown_timeout, as_duration, DurationRange{});
  if (const auto* log = reader.find("log")) read_log(*log, config, mistakes);
  if (const auto* control = reader.find("control")) read_control(*control, directory, config, mistakes);
  read_databases(reader, directory, config, mistakes);
  reader.report_unknown();
  return config;
}

}  // namespace lshost::config
