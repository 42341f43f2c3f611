#pragma once
// Whether two files on the server are the same, byte for byte.

#include <string>

#include "client.hpp"

namespace lshost::sftp {

/// Reads both, unless their sizes tell already. Errors: as Client.
[[nodiscard]] bool have_same_content(Client& client, const std::string& one, const std::string& other);

}  // namespace lshost::sftp
