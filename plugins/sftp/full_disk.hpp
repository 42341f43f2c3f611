#pragma once
// What a "failure" of a server is about: SFTP has no word for a full disk.

#include <exception>
#include <string>

#include "client.hpp"

namespace lshost::sftp {

/// The refusal again, as an error that says what the file system of `folder` tells about it, if it does: full, or not
/// to be written.
[[nodiscard]] std::exception_ptr explained(Client& client, const Refused& refused, std::string folder);

}  // namespace lshost::sftp
