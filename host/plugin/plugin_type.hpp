#pragma once
// One type of a loaded library: what makes replicators, and the keys that it knows.

#include <lshost/module.h>

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "plugin/library.hpp"

namespace lshost::plugin {

/// Static data of the library, checked: `create` is there.
struct PluginType {
  const Library* library;
  const lshost_type* self;  ///< to be handed to its functions
  lshost_type table;        ///< the same in our size: what the plugin does not have is nullptr
  std::string summary;      ///< for people; may be ""
};

/// Throws Error{unsupported} if the library does not have the type, naming those it has, or has it only half.
[[nodiscard]] PluginType find_type(const Library& library, const std::string& type);

/// The keys that the type declares; nullopt: it declares none and checks them itself when a replicator is made.
/// Throws Error{unsupported} where the declaration makes no sense.
[[nodiscard]] std::optional<std::vector<config::KeySpec>> schema_of(const PluginType& type);

}  // namespace lshost::plugin
