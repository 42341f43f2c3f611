// Goal: a lower module never learns of a higher one, and a library stays where it was let in.
// Method: read every #include line of the tree and compare it with the tables below. They are the module table of
// docs/ARCHITECTURE.md; a change here is a change of the architecture.

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <regex>

#include "tidy/source_tree.hpp"

using namespace lshost::test;

namespace {

// What a module of host/ may include of host/: folders, or single headers. A folder inside a module has a row of its
// own where it is allowed less than the module.
const std::map<std::string, std::vector<std::string>> kModules = {
    {"base", {"base/"}},
    {"os", {"base/", "os/"}},
    {"obs", {"base/", "obs/"}},
    {"config", {"base/", "config/"}},
    {"sqlite", {"base/", "os/", "sqlite/", "lshost/wal.hpp"}},
    {"db", {"base/", "os/", "sqlite/", "obs/", "db/", "lshost/wal.hpp"}},
    {"replica", {"base/", "os/", "sqlite/", "obs/", "db/", "replica/", "lshost/wal.hpp"}},
    {"engine", {"base/", "os/", "obs/", "engine/", "lshost/"}},
    {"engine/format", {"base/", "engine/format/"}},
    {"plugin",
     {"base/", "os/", "obs/", "config/", "db/position.hpp", "db/feed.hpp", "replica/", "engine/", "plugin/",
      "lshost/"}},
    {"isolation",
     {"base/", "os/", "obs/", "config/", "db/position.hpp", "db/feed.hpp", "db/run_stream.hpp",
      "db/snapshot_source.hpp", "replica/", "plugin/", "isolation/"}},
    {"control", {"base/", "obs/", "control/"}},
    {"daemon",
     {"base/", "os/", "sqlite/", "obs/", "config/", "control/", "db/", "replica/", "plugin/", "isolation/", "daemon/"}},
    {"scaffold", {"base/", "os/", "scaffold/"}},
    {"check",
     {"base/", "os/", "sqlite/", "obs/", "config/", "db/", "replica/", "engine/engine.hpp", "engine/store.hpp",
      "plugin/", "check/", "lshost/"}},
    {"cli",
     {"base/", "os/", "sqlite/", "obs/", "config/", "control/", "db/", "replica/", "plugin/", "isolation/", "daemon/",
      "check/", "scaffold/", "cli/", "lshost/"}},
    {"main.cpp", {"base/", "cli/"}},
};

// Where a library may be included; everywhere else it would become part of what others have to know.
const std::map<std::string, std::vector<std::string>> kLibraries = {
    {"sqlite3", {"host/sqlite/", "host/check/application.cpp", "host/cli/version.cpp", "tests/", "bench/"}},
    {"toml++", {"host/config/"}},
    {"spdlog", {"host/obs/"}},
    {"boost", {"host/plugin/"}},
    {"CLI", {"host/cli/command_line.cpp", "bench/programs/option_parser.cpp"}},
    {"lz4", {"host/engine/format/lz4_stream.cpp", "bench/"}},
    {"lz4frame", {"host/engine/format/lz4_stream.cpp", "bench/", "tests/engine/"}},
    {"zstd", {"host/engine/format/zstd_stream.cpp"}},
    {"openssl", {"host/engine/format/age/", "plugins/s3/"}},
    {"catch2", {"tests/"}},
    {"libssh", {"plugins/sftp/"}},
    {"curl", {"plugins/s3/"}},
    {"pugixml.hpp", {"plugins/s3/"}},
    {"dlfcn.h", {"host/plugin/", "tests/", "bench/"}},
};

struct Include {
  std::string target;
  bool is_quoted = false;
};

std::optional<Include> parse_include(const std::string& line) {
  static const std::regex form(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::smatch match;
  if (!std::regex_search(line, match, form)) return std::nullopt;
  return Include{match[2], match[1] == "\""};
}

bool starts_with_one_of(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) { return text.starts_with(prefix); });
}

// "host/db/feed.hpp" -> "db"; "host/main.cpp" -> "main.cpp"; "host/engine/format/age/keys.hpp" -> "engine/format".
std::string module_of(const std::string& path) {
  const auto begin = path.find('/') + 1;
  std::string module;
  for (auto end = path.find('/', begin);; end = path.find('/', end + 1)) {
    const auto folder = path.substr(begin, end == std::string::npos ? end : end - begin);
    if (module.empty() || kModules.contains(folder)) module = folder;
    if (end == std::string::npos) return module;
  }
}

const std::vector<std::string> kCode = {".cpp", ".hpp", ".h", ".c"};

}  // namespace

TEST_CASE("tidy: a module of host/ includes only what its row of the table allows", "[tidy]") {
  std::size_t seen = 0;
  for (const auto& file : source_files("host", kCode)) {
    const auto module = module_of(file.path);
    if (!kModules.contains(module)) FAIL(file.path << ": module '" << module << "' has no row in the table");
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto include = parse_include(file.lines[i]);
      if (!include || (!include->is_quoted && !include->target.starts_with("lshost/"))) continue;
      ++seen;
      INFO(place(file, i));
      CHECK(starts_with_one_of(include->target, kModules.at(module)));
    }
  }
  CHECK(seen > 20);
}

TEST_CASE("tidy: the SDK and the plugins include nothing of the host", "[tidy]") {
  for (const auto* folder : {"sdk", "plugins"}) {
    for (const auto& file : source_files(folder, kCode)) {
      for (std::size_t i = 0; i < file.lines.size(); ++i) {
        const auto include = parse_include(file.lines[i]);
        if (!include || !include->is_quoted) continue;
        INFO(place(file, i));
        const auto slash = include->target.find('/');
        CHECK_FALSE((slash != std::string::npos && kModules.contains(include->target.substr(0, slash))));
      }
    }
  }
}

TEST_CASE("tidy: a library is included only where it was let in", "[tidy]") {
  std::size_t seen = 0;
  for (const auto& file : source_files("", kCode)) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto include = parse_include(file.lines[i]);
      if (!include || include->is_quoted) continue;
      for (const auto& [library, places] : kLibraries) {
        if (include->target != library && !include->target.starts_with(library + "/") &&
            include->target != library + ".h")
          continue;
        ++seen;
        INFO(place(file, i));
        CHECK((starts_with_one_of(file.path, places) || file.path.starts_with("plugins/")));
      }
    }
  }
  CHECK(seen > 5);
}
