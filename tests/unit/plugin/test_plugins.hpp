#pragma once
// The plugins under tests/plugins, and copies of them that may be spoiled.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/error.hpp"
#include "plugin/plugin_registry.hpp"
#include "support/temp_dir.hpp"

namespace lshost::test {

/// Where the test plugins were built.
inline const std::string kPluginFolder = LSHOST_TEST_PLUGINS_DIR;

inline std::string plugin_file_name(const std::string& type) { return "lshost-" + type + ".so"; }

inline std::string read_whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_whole_file(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  out.close();
  REQUIRE(out);
  std::filesystem::permissions(path, std::filesystem::perms(0644));
}

/// A folder of the test's own with a copy of the plugin `from` under the type `as`. Returns the copy's path.
inline std::string copy_plugin(const TempDir& folder, const std::string& from, const std::string& as) {
  const std::string path = folder / plugin_file_name(as);
  write_whole_file(path, read_whole_file(kPluginFolder + "/" + plugin_file_name(from)));
  return path;
}

/// The Error that `fn` throws. Fails the test if it throws none.
template <class Fn>
Error error_of(Fn&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e;
  }
  FAIL("nothing was thrown");
  return {ErrorCode::internal, ""};
}

inline plugin::ReplicaSetup setup_of(const std::string& type, std::vector<config::Entry> entries = {}) {
  plugin::ReplicaSetup setup;
  setup.config.type = type;
  setup.config.name = "one";
  setup.config.location = {7, 3};
  setup.config.entries = std::move(entries);
  setup.config_file = "replicas.toml";
  setup.database = "app.db";
  return setup;
}

/// `key = value`, in line 9.
template <class T>
config::Entry entry(const std::string& key, T value) {
  config::Entry made;
  made.key = key;
  made.key_location = {9, 5};
  made.value.data = std::move(value);
  made.value.location = {9, 12};
  return made;
}

inline config::Entry entry(const std::string& key, const char* value) { return entry(key, std::string(value)); }

}  // namespace lshost::test
