#pragma once
// The libraries that are loaded into this process. None is ever unloaded: threads, thread-local destructors, exceptions
// and static data of foreign code would point into nothing.

#include <lshost/module.h>

#include <optional>
#include <string>

#include "plugin/plugin_file.hpp"

namespace lshost::plugin {

/// A library in this process. Lives for the process; never moves.
struct Library {
  std::string path;
  FileId id;
  Identity identity;
  const lshost_module* module_table;
};

/// Whether the file holds what is loaded: it is that very file, or one with the same build id (copied, or installed
/// once more). A file without a build id that was written to or moved is another one.
[[nodiscard]] bool is_same_code(const Library& library, const PluginFile& file) noexcept;

/// Loads a checked file and asks it who it is, or returns the library if its code is loaded from that path
/// already. Throws Error{unsupported}: the loader or the plugin refuses, or the path was loaded from another file
/// before, and only a restart can change that. Thread-safe.
[[nodiscard]] const Library& load_library(PluginFile file);

/// The library that was loaded from `path`, if any. Thread-safe.
[[nodiscard]] const Library* find_library(const std::string& path);

}  // namespace lshost::plugin
