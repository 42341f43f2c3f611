#pragma once
// From the word in a configuration to a running replicator: finds, checks and loads plugins, and makes replicas of
// them.

#include <memory>
#include <optional>
#include <string>
#include <vector>

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

/// Threads: safe. Libraries stay loaded for ever, whatever becomes of the registry that loaded them.
class PluginRegistry {
 public:
  /// `configured`: the configuration's plugin-path.
  explicit PluginRegistry(const std::vector<std::string>& configured);

  /// The folders that are searched, in order.
  [[nodiscard]] const std::vector<std::string>& folders() const noexcept { return folders_; }

  /// All plugins that can be found, sorted by type. Loads none.
  [[nodiscard]] std::vector<FoundPlugin> find_all() const;
  /// The types of those that are not refused.
  [[nodiscard]] std::vector<std::string> types() const;
  /// The same for one type; nullopt: there is no file for it.
  [[nodiscard]] std::optional<FoundPlugin> find(const std::string& type) const;

  /// Loads the plugin of a type, if it is not loaded. Throws Error: {invalid} no such type (the sentence has the types
  /// there are), {denied} the file may not be trusted, {unsupported} it can not be used.
  [[nodiscard]] PluginType load(const std::string& type) const;

  /// The keys that a type knows; nullopt: its plugin declares none, and checks them itself in create(). Throws as
  /// load().
  [[nodiscard]] std::optional<std::vector<config::KeySpec>> schema_of(const std::string& type) const;

  /// Makes a replica, not started. Its work_dir is made if it is not there. Throws as load(), and Error{invalid} with
  /// file:line:column where the plugin does not like its configuration.
  [[nodiscard]] std::unique_ptr<replica::Replicator> create(ReplicaSetup setup) const;

 private:
  const std::vector<std::string> folders_;
};

}  // namespace lshost::plugin
