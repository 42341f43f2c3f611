#pragma once
// Restoring in one line, and comparing images.

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "replica/catalog_reader.hpp"
#include "replica/restore_plan.hpp"
#include "replica/restorer.hpp"
#include "support/temp_dir.hpp"
#include "unit/replica/history.hpp"

namespace lshost::test {

/// The plan for a target, or the reason why not as a failed test.
[[nodiscard]] replica::RestorePlan plan_for(FakeReplica& replica, replica::RestoreTarget target);

/// What a plan makes, without names, checks and syncs.
struct AssembleCase {
  unsigned threads = 0;
  std::uint64_t index_memory_bytes = std::uint64_t{8} << 20;
  std::optional<std::size_t> kept_indexes_max = {};
};
[[nodiscard]] Bytes assemble_bytes(FakeReplica& replica, const replica::RestorePlan& plan, AssembleCase how = {});

/// The pages of two images that differ, by number; "" if none do.
[[nodiscard]] std::string difference(const Bytes& got, const Bytes& wanted, std::uint32_t page_size);

/// Makes a history that changes a database's size and shape in every way, over six indexes with several segments and
/// three snapshots.
void live_through(History& history, std::uint32_t page_size);

}  // namespace lshost::test
