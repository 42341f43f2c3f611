#pragma once
// Where a replica's plugin runs is the configuration's choice, and its only difference is here.

#include <memory>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "plugin/plugin_registry.hpp"
#include "replica/replicator.hpp"

namespace lshost::isolation {

/// PluginRegistry::create, in this process or in one of its own, as setup.config says. Throws as that does.
[[nodiscard]] std::unique_ptr<replica::Replicator> create_replicator(const plugin::PluginRegistry& plugins,
                                                                     plugin::ReplicaSetup setup);

/// PluginRegistry::schema_of in the same way: no code of a plugin that is to be isolated ever runs here. Throws as that
/// does, and Error{unsupported} if the process ends or hangs over it.
[[nodiscard]] std::optional<std::vector<config::KeySpec>> schema_of(const plugin::PluginRegistry& plugins,
                                                                    const config::ReplicaConfig& replica);

}  // namespace lshost::isolation
