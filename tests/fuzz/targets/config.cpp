// A configuration.
//
// Input: the text of replicas.toml.
// Holds: a configuration comes of it that is within its limits, or mistakes that stand at a place of the text and can
// be shown on a terminal: "replicas.toml:3:1: ...". The environment's text is never shown.

#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "config/source_text.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace config;

constexpr std::string_view kVariable = "LSHOST_FUZZ_SECRET";
constexpr std::string_view kSecret = "swordfish-7f1d";

const std::vector<KeySpec> kSpecs{{.key = "path", .required = true},
                                  {.key = "port", .type = KeyType::integer},
                                  {.key = "ratio", .type = KeyType::real},
                                  {.key = "sync", .type = KeyType::boolean},
                                  {.key = "age", .type = KeyType::duration},
                                  {.key = "part-size", .type = KeyType::size},
                                  {.key = "hosts", .list = true},
                                  {.key = "mode", .choices = {"fast", "safe"}},
                                  {.key = "secret-access-key", .secret = true}};

bool is_clean(const std::string& shown) {
  const bool has_control = std::ranges::any_of(
      shown, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F; });
  return !has_control && !first_bad_utf8(shown);
}

void check_usable(const Config& config) {
  expect(!config.databases.empty(), "a configuration has a database");
  for (const auto& database : config.databases) {
    expect(database.path.starts_with('/') && database.meta_path.starts_with('/'), "its paths are absolute");
    expect(database.path.find('\0') == std::string::npos, "and have no NUL");
    expect(database.min_checkpoint_pages >= 1, "a checkpoint waits for a page");
    expect(database.shadow_wal_limit_bytes >= std::uint64_t{1} << 20, "a shadow WAL has room");
    expect(database.checkpoint_interval.count() > 0, "checkpoints have an interval");
    expect(!database.replicas.empty(), "a database has a replica");
    std::vector<std::string> names;
    for (const auto& replica : database.replicas) {
      expect(!replica.type.empty() && !replica.name.empty(), "a replica has a type and a name");
      expect(replica.type.find_first_of("/.") == std::string::npos, "a type is no path");
      expect(replica.snapshot_interval.count() >= 0 && replica.retention.count() >= 0, "no time is negative");
      names.push_back(replica.name);
    }
    std::ranges::sort(names);
    expect(std::ranges::adjacent_find(names) == names.end(), "the names of replicas differ");
  }
}

void check_mistakes(const Loaded& loaded) {
  const SourceText source(loaded.text);
  expect(std::ranges::is_sorted(loaded.mistakes, {}, &Diagnostic::location), "mistakes stand in the file's order");
  for (const auto& mistake : loaded.mistakes) {
    expect(mistake.location.line >= 1 && mistake.location.line <= source.line_count(), "a mistake has a line");
    expect(mistake.location.column >= 1, "and a column");
    expect(!mistake.message.empty(), "and a sentence");
    const auto shown = format_diagnostic(loaded, mistake);
    expect(shown.starts_with(fmt::format("replicas.toml:{}:{}: ", mistake.location.line, mistake.location.column)),
           "which stand in front of what is shown");
  }
}

}  // namespace

void fuzz_config(ByteSpan input) {
  static const int set = ::setenv(std::string(kVariable).c_str(), std::string(kSecret).c_str(), /*overwrite=*/1);
  expect(set == 0, "the environment can be set");
  const auto text = Input(input).text();
  auto loaded = load_text(std::string(text), "replicas.toml", "/etc/lshost");
  check_all(loaded, [](const ReplicaConfig&, std::vector<Diagnostic>&) { return std::optional(kSpecs); });
  check_mistakes(loaded);
  const auto shown = format_mistakes(loaded);
  expect(is_clean(shown), "what is shown does no harm to a terminal");
  expect(shown.find(kSecret) == std::string::npos || text.find(kSecret) != std::string_view::npos,
         "what came from the environment is not shown");
  if (is_usable(loaded)) check_usable(loaded.config);
}

}  // namespace lshost::fuzz
