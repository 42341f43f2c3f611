#pragma once
// The keys below a prefix, and what died writes have left beside them.

#include <functional>
#include <string>

#include <lshost/blob_replicator.hpp>

#include "remote.hpp"

namespace lshost::sftp {

/// Calls `each` for every file whose key begins with `prefix`; only folders that may have one are looked into. Left
/// out: links and other things that are no files, names that no key has, and files that are being written; of those,
/// the ones that nobody has written to for a day are removed, unless the context is offline.
void list_keys(Remote& remote, const std::string& prefix, const std::function<void(const Blob&)>& each);

}  // namespace lshost::sftp
