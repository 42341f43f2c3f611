#pragma once
// Which items of a replica may go, and their removal.
//
// The policy is pure. The rules, for a window that begins at now - retention:
//   * A restore to any time in the window stays possible. So of each generation these stay: its newest snapshot that is
//     not after the window's begin (the base), the whole WAL from the base's index on, and all later snapshots.
//   * A generation goes as a whole when its last data is older than the window and a newer generation (by its last
//   data)
//     takes over: one that has a snapshot not after the window's begin, and whose newest snapshot reaches its end
//     without a gap. So the last chain that can be restored is never removed, and a damaged one does not count as such.
//   * What has no known time is not removed for its age; it only goes with what lies before a base.
//   * A retention of 0 keeps everything.
// Order of removal, safe to be cut off at any place: oldest generation first; in a generation snapshots first, then
// WAL, each oldest first, then the generation itself. A snapshot therefore never outlives WAL that it needs, and what a
// cut-off run leaves behind is found again by the next one.

#include <chrono>
#include <vector>

#include "base/clock.hpp"
#include "replica/catalog.hpp"
#include "replica/replicator.hpp"

namespace lshost::replica {

struct RetentionPolicy {
  std::chrono::nanoseconds retention{0};  ///< length of the window; 0: for ever
};

/// What may go, in the order in which to remove it.
[[nodiscard]] std::vector<Item> plan_retention(const Catalog& catalog, const RetentionPolicy& policy, UnixNanos now);

struct RetentionResult {
  std::vector<Item> removed;  ///< in this order
  std::uint64_t removed_bytes = 0;
};

/// Lists the replica, plans, and removes. Idempotent. Throws what the replicator throws; {unsupported} if it can not
/// remove although something has to go.
RetentionResult enforce_retention(Replicator& replicator, const RetentionPolicy& policy, UnixNanos now);

}  // namespace lshost::replica
