// Goal: docs/CONFIGURATION.md tells the truth: the keys and defaults that the code has, and examples that load.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>

#include "config/config.hpp"
#include "config/schema.hpp"
#include "engine/engine.hpp"
#include "unit/config/mistakes.hpp"

using namespace lshost::config;

namespace {

struct Row {
  Scope scope;
  std::string key;
  auto operator<=>(const Row&) const = default;
};

std::vector<std::string> read_document() {
  std::ifstream in(std::string(LSHOST_TEST_SOURCE_DIR) + "/docs/CONFIGURATION.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  REQUIRE(lines.size() > 50);
  return lines;
}

const std::map<std::string, Scope> kHeadings{{"## Top of the file", Scope::top},
                                             {"## [log]", Scope::log},
                                             {"## [control]", Scope::control},
                                             {"## [[database]]", Scope::database},
                                             {"## [[database.replica]]", Scope::replica}};

/// Rows "| `key` | default |" between a heading and the next one. A default that is not in backticks is told in words:
/// "".
std::map<std::string, std::string> rows_below(const std::string& heading) {
  static const std::regex form(R"(\| `([^`]+)` \| (?:`([^`]+)`|[^|]+) \|.*)");
  std::map<std::string, std::string> rows;
  bool is_inside = false;
  for (const auto& line : read_document()) {
    if (line.starts_with("##")) is_inside = line == heading;
    std::smatch match;
    if (is_inside && std::regex_match(line, match, form)) rows.emplace(match[1], match[2]);
  }
  return rows;
}

std::map<Row, std::string> documented_keys() {
  std::map<Row, std::string> keys;
  for (const auto& [heading, scope] : kHeadings) {
    for (const auto& [key, fallback] : rows_below(heading)) keys.emplace(Row{scope, key}, fallback);
  }
  return keys;
}

std::map<Row, std::string> keys_of_the_code() {
  std::map<Row, std::string> keys;
  for (const auto& key : host_keys()) {
    if (!key.is_table) keys.emplace(Row{key.scope, std::string(key.key)}, std::string(key.fallback));
  }
  return keys;
}

std::string named(const Row& row) { return fmt::format("{} in {}", row.key, name_of(row.scope)); }

std::vector<std::string> toml_examples() {
  std::vector<std::string> examples;
  bool is_inside = false;
  for (const auto& line : read_document()) {
    if (line == "```toml") {
      examples.emplace_back();
      is_inside = true;
    } else if (line == "```") {
      is_inside = false;
    } else if (is_inside) {
      examples.back() += line + "\n";
    }
  }
  return examples;
}

/// A key with its default, as a line of a file.
std::string assignment(const HostKey& key) {
  const bool is_bare = key.fallback == "[]" || key.fallback == "true" || key.fallback == "1000";
  const auto* quote = is_bare ? "" : "\"";
  return fmt::format("{} = {}{}{}\n", key.key, quote, key.fallback, quote);
}

std::string all_defaults_of(Scope scope) {
  std::string text;
  for (const auto& key : host_keys()) {
    if (key.scope == scope && !key.fallback.empty()) text += assignment(key);
  }
  return text;
}

}  // namespace

TEST_CASE("docs/CONFIGURATION.md has every key of the code, with its default", "[config][docs]") {
  const auto documented = documented_keys();
  for (const auto& [row, fallback] : keys_of_the_code()) {
    INFO(named(row));
    REQUIRE(documented.contains(row));
    CHECK(documented.at(row) == fallback);
  }
}

TEST_CASE("docs/CONFIGURATION.md has no key that the code does not know", "[config][docs]") {
  const auto known = keys_of_the_code();
  for (const auto& [row, fallback] : documented_keys()) {
    INFO(named(row));
    CHECK(known.contains(row));
  }
}

TEST_CASE("docs/CONFIGURATION.md has the keys of the engine for stores, with their defaults, and no others",
          "[config][docs]") {
  std::map<std::string, std::string> keys;
  const auto& schema = lshost::engine::engine_keys();
  for (std::uint32_t i = 0; i < schema.count; ++i) {
    const auto* fallback = schema.keys[i]->default_value;
    keys.emplace(schema.keys[i]->key, fallback == nullptr ? "" : fallback);
  }
  CHECK(keys.size() > 3);
  CHECK(rows_below("### Stores") == keys);
}

TEST_CASE("docs/CONFIGURATION.md: the examples load", "[config][docs]") {
  ::setenv("BACKUP_ROOT", "/mnt/usb", 1);
  const auto examples = toml_examples();
  REQUIRE(examples.size() == 2);
  for (const auto& example : examples) CHECK(lshost::test::mistakes_in(example).empty());
  ::unsetenv("BACKUP_ROOT");
}

TEST_CASE("the defaults that are documented are those that hold", "[config][docs]") {
  const auto text = fmt::format("{}[log]\n{}[[database]]\npath = '/a.db'\n{}[[database.replica]]\ntype = 'file'\n{}",
                                all_defaults_of(Scope::top), all_defaults_of(Scope::log),
                                all_defaults_of(Scope::database), all_defaults_of(Scope::replica));
  CAPTURE(text);
  REQUIRE(lshost::test::mistakes_in(text).empty());
  const auto config = load_text(text, "replicas.toml", "/etc/lshost").config;
  CHECK(config.plugin_path == Config{}.plugin_path);
  CHECK(config.shutdown_timeout == Config{}.shutdown_timeout);
  CHECK(config.log_level == Config{}.log_level);
  CHECK(config.log_format == Config{}.log_format);
  const auto& database = config.databases.at(0);
  CHECK(database.checkpoint_interval == DatabaseConfig{}.checkpoint_interval);
  CHECK(database.min_checkpoint_pages == DatabaseConfig{}.min_checkpoint_pages);
  CHECK(database.shadow_wal_limit_bytes == DatabaseConfig{}.shadow_wal_limit_bytes);
  CHECK(database.exclusive_checkpoints == DatabaseConfig{}.exclusive_checkpoints);
  CHECK(database.replicas.at(0).snapshot_interval == ReplicaConfig{}.snapshot_interval);
  CHECK(database.replicas.at(0).retention == ReplicaConfig{}.retention);
}

// Goal: no key is in the list and read by nobody.
// Method: a table where a value belongs, or a value where tables belong, is a mistake for every key that is read.
TEST_CASE("every key of the list is read", "[config][docs]") {
  for (const auto& key : host_keys()) {
    const auto wrong = fmt::format("{} = {}\n", key.key, key.is_table ? "5" : "{}");
    const auto put = [&](Scope scope) { return key.scope == scope ? wrong : std::string(); };
    const auto text = fmt::format("{}\n[log]\n{}[control]\n{}[[database]]\n{}[[database.replica]]\n{}", put(Scope::top),
                                  put(Scope::log), put(Scope::control), put(Scope::database), put(Scope::replica));
    CAPTURE(text);
    const bool is_repeated = key.key == "replica" || (key.scope == Scope::top && key.is_table);
    const auto shown = lshost::test::mistakes_in(text);
    if (!is_repeated) CHECK(shown.find(fmt::format(": {}: expected ", key.key)) != std::string::npos);
  }
}
