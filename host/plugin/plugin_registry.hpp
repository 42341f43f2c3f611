#pragma once
// From the word in a configuration to a running replicator: finds, checks and loads plugins, and makes replicas of
// them.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "config/config.hpp"
#include "plugin/plugin_type.hpp"
#include "plugin/replica_context.hpp"
#include "replica/replicator.hpp"

namespace lshost::plugin {

/// A plugin's file as it lies there; nothing of it was run.
struct FoundPlugin {
  std::string type;
  std::string path;
  std::optional<Identity> identity;  ///< nullopt: refused
  std::string refusal;               ///< why, for people; "" where there is an identity
};

/// Who serves a type, for logs and status.
struct PluginInfo {
  std::string name;
  std::string version;
  std::string path;
};

/// A type whose file is not the one any more that it was loaded from. Only a restart changes to what is there now.
struct PluginChange {
  std::string type;
  PluginInfo loaded;
  PluginInfo found;    ///< what a restart would load; empty where that is nothing
  std::string reason;  ///< why a restart would load nothing; "" where it would
};
/// "type 'foo': /p/lshost-foo.so is lshost-foo 1.1 now, 1.0 is loaded; hint: restart lshost to use the new one".
[[nodiscard]] std::string sentence(const PluginChange& change);

/// Threads: safe. Libraries stay loaded for ever, whatever becomes of the registry that loaded them.
class PluginRegistry {
 public:
  /// `configured`: the configuration's plugin-path.
  explicit PluginRegistry(const std::vector<std::string>& configured);
  /// The same for a changed configuration of a running host: what `earlier` loaded for a type stays its plugin.
  PluginRegistry(const std::vector<std::string>& configured, const PluginRegistry& earlier);

  /// The folders that are searched, in order.
  [[nodiscard]] const std::vector<std::string>& folders() const noexcept { return folders_; }

  /// All plugins that can be found, sorted by type. Loads none.
  [[nodiscard]] std::vector<FoundPlugin> find_all() const;
  /// The types of those that are not refused.
  [[nodiscard]] std::vector<std::string> types() const;
  /// The same for one type; nullopt: there is no file for it.
  [[nodiscard]] std::optional<FoundPlugin> find(const std::string& type) const;

  /// The plugin that serves a type: what was loaded for it, or else what is found. nullopt: neither.
  [[nodiscard]] std::optional<PluginInfo> info(const std::string& type) const LSHOST_EXCLUDES(mutex_);
  /// The types that were loaded from files which were replaced, removed or hidden by another since. Sorted by type.
  [[nodiscard]] std::vector<PluginChange> changes() const LSHOST_EXCLUDES(mutex_);

  /// Loads the plugin of a type, if this registry did not do so before, whatever became of its file. Throws Error:
  /// {invalid} no such type (the sentence has the types there are), {denied} the file may not be trusted, {unsupported}
  /// it can not be used.
  [[nodiscard]] PluginType load(const std::string& type) const LSHOST_EXCLUDES(mutex_);

  /// The keys that a type knows; nullopt: its plugin declares none, and checks them itself in create(). Throws as
  /// load().
  [[nodiscard]] std::optional<std::vector<config::KeySpec>> schema_of(const std::string& type) const;

  /// Makes a replica, not started. Its work_dir is made if it is not there. Throws as load(), and Error{invalid} with
  /// file:line:column where the plugin does not like its configuration.
  [[nodiscard]] std::unique_ptr<replica::Replicator> create(ReplicaSetup setup) const;

 private:
  [[nodiscard]] const Library* loaded(const std::string& type) const LSHOST_EXCLUDES(mutex_);

  const std::vector<std::string> folders_;
  mutable Mutex mutex_;
  mutable std::map<std::string, const Library*> loaded_ LSHOST_GUARDED_BY(mutex_);  // by type
};

}  // namespace lshost::plugin
