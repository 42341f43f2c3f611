#pragma once
// Where the running host listens that a command is meant for.

#include <string>

namespace lshost::cli {

/// `socket` if it is given, else that of `config_file`, else the only one there is. Throws Error{invalid} with what to
/// pass instead.
[[nodiscard]] std::string host_socket(const std::string& socket, const std::string& config_file);

}  // namespace lshost::cli
