#pragma once
// Is the destination there, and may we write?

#include "destination.hpp"

namespace lshost::file {

/// Writes, syncs and removes a file where the replica would. Leaves nothing behind. Throws Error if it can not.
void probe(const Destination& destination);

}  // namespace lshost::file
