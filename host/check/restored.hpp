#pragma once
// What a replica gives back, and whether it is what it must be.

#include <optional>
#include <string>

#include "db/position.hpp"
#include "replica/replicator.hpp"

namespace lshost::check {

/// Restores to `path` with the host's own code: the database exactly as of `target`. Throws Failed where the replica
/// does not have it, or what it has is damaged.
void restore(replica::Replicator& replicator, const db::Position& target, const std::string& path);

/// Throws Failed unless both files hold the same pages. `what` begins the sentence.
void require_same_pages(const std::string& expected, const std::string& restored, const std::string& what);

}  // namespace lshost::check
