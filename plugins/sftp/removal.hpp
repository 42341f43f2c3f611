#pragma once
// Files are removed, and the folders that are empty then.

#include <span>
#include <string>

#include "remote.hpp"

namespace lshost::sftp {

/// A missing file is no error. Errors: the first refusal, after all keys had their turn.
void remove_keys(Remote& remote, std::span<const std::string> keys);

}  // namespace lshost::sftp
