#pragma once
// Where a host listens if its configuration does not say so.

#include <optional>
#include <string>
#include <vector>

namespace lshost::control {

/// $XDG_RUNTIME_DIR/lshost, or /run/lshost where that variable is not set. It need not exist.
[[nodiscard]] std::string runtime_folder();

/// "replicas-1a2b3c4d.sock" in the runtime folder, for replicas.toml: the digits are of the file's resolved path, so
/// hosts with configurations of their own do not meet, and a command finds its host by the same file. nullopt: the file
/// is none that can be found again (a pipe).
[[nodiscard]] std::optional<std::string> default_socket(const std::string& config_file);

/// All sockets in the runtime folder, sorted; whether a host listens is not looked at.
[[nodiscard]] std::vector<std::string> sockets_in_runtime_folder();

}  // namespace lshost::control
