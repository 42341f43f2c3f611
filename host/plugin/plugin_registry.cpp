#include "plugin/plugin_registry.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "os/fs.hpp"
#include "plugin/instance.hpp"
#include "plugin/library.hpp"
#include "plugin/plugin_file.hpp"
#include "plugin/replicator_adapter.hpp"

namespace lshost::plugin {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += ", ";
    all += word;
  }
  return all;
}

void require_type(const PluginFile& file, const std::string& type) {
  const auto& types = file.identity.types;
  if (std::find(types.begin(), types.end(), type) != types.end()) return;
  throw Error(ErrorCode::unsupported, file.path + ": refused: it has no type '" + type +
                                          "' (it has: " + (types.empty() ? "none" : join(types)) + ")");
}

PluginInfo info_of(const Library& library) { return {library.identity.name, library.identity.version, library.path}; }

/// What became of the file that a type was loaded from; nullopt: nothing.
std::optional<PluginChange> change_of(const std::string& type, const Library& library,
                                      const std::vector<std::string>& folders) {
  PluginChange change{type, info_of(library), {}, ""};
  const auto path = find_plugin_file(folders, type);
  if (!path) {
    change.reason = library.path + ": the file is gone";
    return change;
  }
  try {
    const PluginFile file = open_plugin_file(*path);
    require_type(file, type);
    if (is_same_code(library, file)) return std::nullopt;
    change.found = {file.identity.name, file.identity.version, file.path};
  } catch (const Error& e) {
    change.reason = e.what();
  }
  return change;
}

FoundPlugin look_at(const std::string& type, const std::string& path) {
  FoundPlugin found{type, path, std::nullopt, ""};
  try {
    const PluginFile file = open_plugin_file(path);
    require_type(file, type);
    found.identity = file.identity;
  } catch (const Error& e) {
    found.refusal = e.what();
  }
  return found;
}

}  // namespace

std::string sentence(const PluginChange& change) {
  const std::string running = change.loaded.name + " " + change.loaded.version;
  if (!change.reason.empty()) {
    return "type '" + change.type + "': " + running +
           " goes on, but would not be there after a restart: " + change.reason;
  }
  return "type '" + change.type + "': " + change.found.path + " is " + change.found.name + " " + change.found.version +
         " now, " + running + " is loaded; hint: restart lshost to use the new one";
}

PluginRegistry::PluginRegistry(const std::vector<std::string>& configured) : folders_(search_path(configured)) {}

PluginRegistry::PluginRegistry(const std::vector<std::string>& configured, const PluginRegistry& earlier)
    : PluginRegistry(configured) {
  const MutexLock lock(earlier.mutex_);
  const MutexLock own(mutex_);  // nobody has it yet
  loaded_ = earlier.loaded_;
}

const Library* PluginRegistry::loaded(const std::string& type) const {
  const MutexLock lock(mutex_);
  const auto found = loaded_.find(type);
  return found == loaded_.end() ? nullptr : found->second;
}

std::optional<PluginInfo> PluginRegistry::info(const std::string& type) const {
  if (const Library* library = loaded(type)) return info_of(*library);
  const auto found = find(type);
  if (!found || !found->identity) return std::nullopt;
  return PluginInfo{found->identity->name, found->identity->version, found->path};
}

std::vector<PluginChange> PluginRegistry::changes() const {
  std::map<std::string, const Library*> all;
  {
    const MutexLock lock(mutex_);
    all = loaded_;
  }
  std::vector<PluginChange> changed;
  for (const auto& [type, library] : all) {
    if (auto change = change_of(type, *library, folders_)) changed.push_back(*std::move(change));
  }
  return changed;
}

std::vector<FoundPlugin> PluginRegistry::find_all() const {
  std::vector<FoundPlugin> all;
  for (const Candidate& candidate : find_candidates(folders_)) all.push_back(look_at(candidate.type, candidate.path));
  return all;
}

std::vector<std::string> PluginRegistry::types() const {
  std::vector<std::string> good;
  for (const FoundPlugin& plugin : find_all()) {
    if (plugin.identity) good.push_back(plugin.type);
  }
  return good;
}

std::optional<FoundPlugin> PluginRegistry::find(const std::string& type) const {
  if (!is_type_name(type)) return std::nullopt;
  const auto path = find_plugin_file(folders_, type);
  if (!path) return std::nullopt;
  return look_at(type, *path);
}

PluginType PluginRegistry::load(const std::string& type) const {
  if (const Library* library = loaded(type)) return find_type(*library, type);
  if (!is_type_name(type)) {
    throw Error(ErrorCode::invalid, "'" + type + "' can not be a type: types have a-z, 0-9 and - only");
  }
  const auto path = find_plugin_file(folders_, type);
  if (!path) {
    const auto known = types();
    const auto meant = config::nearest(type, known);
    throw Error(ErrorCode::invalid, "there is no plugin for type '" + type + "'" +
                                        (meant ? ", did you mean '" + *meant + "'?" : "") + " (looked for lshost-" +
                                        type + ".so in " + join(folders_) +
                                        "; types found: " + (known.empty() ? "none" : join(known)) + ")");
  }
  PluginFile file = open_plugin_file(*path);
  require_type(file, type);
  const Library& library = load_library(std::move(file));
  const PluginType found = find_type(library, type);
  const MutexLock lock(mutex_);
  loaded_.emplace(type, &library);
  return found;
}

std::optional<std::vector<config::KeySpec>> PluginRegistry::schema_of(const std::string& type) const {
  return plugin::schema_of(load(type));
}

std::unique_ptr<replica::Replicator> PluginRegistry::create(ReplicaSetup setup) const {
  const PluginType type = load(setup.config.type);
  if (!setup.work_dir.empty()) os::posix_fs().create_directories("plugin.work_dir", setup.work_dir, 0700);
  return std::make_unique<ReplicatorAdapter>(std::make_shared<Instance>(type, std::move(setup)));
}

}  // namespace lshost::plugin
