#pragma once
// Asks a running host.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/message.hpp"

namespace lshost::control {

/// Sends a command to the host that listens at `socket` and gives its answer's value. A status comes within seconds or
/// fails; a reload or a verification lasts as long as it does. Throws Error: {not_found} nobody listens, {denied} the
/// host is another user's, {transient} it does not answer or ended, and what the host says.
[[nodiscard]] nlohmann::ordered_json ask(const std::string& socket, const Request& request);

}  // namespace lshost::control
