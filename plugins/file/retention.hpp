#pragma once
// Removing what the host's policy lets go.

#include <span>

#include <lshost/replicator.hpp>

#include "destination.hpp"

namespace lshost::file {

/// Removes items in the order given; what is gone already is no error. Never leaves the replica's folder: a link where
/// a folder should be is not followed.
void remove(const Destination& destination, std::span<const Item> items);

}  // namespace lshost::file
