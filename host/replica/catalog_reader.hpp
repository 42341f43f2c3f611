#pragma once
// Reads a replica's catalog from its destination.

#include <optional>
#include <string>

#include "replica/catalog.hpp"
#include "replica/replicator.hpp"

namespace lshost::replica {

/// Lists everything a replica holds, or only one generation of it. Throws what the replicator throws; {unsupported} if
/// it can not list.
/// Cost: two listings for each generation.
[[nodiscard]] Catalog read_catalog(Replicator& replicator, const std::optional<std::string>& generation = std::nullopt);

}  // namespace lshost::replica
