#pragma once
// Which snapshot and which WAL give the database as it was at a target; or the sentence that says why none do.
//
// Pure, but for the commit times of a few items that it asks for. The restorer (restorer.hpp) executes the plan.
//
// The rules:
//   latest     The generation with the newest data by recorded times, and all of it. Where that generation can not be
//              restored to its end, the restore is refused: an older state is never given in place of the newest.
//   time T     Everything committed at or before T and nothing after it. The generation is the one whose first
//              snapshot is the newest of those at or before T: history up to the next generation's first snapshot
//              belongs to it. Refused if a later generation holds transactions of before T that no snapshot reaches.
//              After the last known commit the target is that commit, because "as of now" is what people ask for; the
//              plan says so. Times are as fine as the destination records them (per captured run of transactions); a
//              run that was captured after T is left out whole.
//   position   The end of a transaction (the restorer checks that it is one), in the newest generation if none is
//   named. Within the generation: the newest snapshot that is not after the target, then every index from the
//   snapshot's own, from offset 0, to the target. Every index but the last has to be complete.
//
// Why replaying the snapshot's own index from its start is right: the image is exact as of its position S, and the
// target T is not before S. Take any page and its last frame f in [index start, T). If there is none, the page did not
// change between S and T and the image has it right. If there is one, f is the page's content as of T, whether f lies
// before S (then the image holds the same bytes) or behind it. Starting at offset 0 gives us the WAL header, without
// which the running checksum of the frames can not be checked.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "replica/catalog.hpp"

namespace lshost::replica {

struct LatestTarget {};
struct TimeTarget {
  UnixNanos ns = 0;
};
struct PositionTarget {
  db::IndexOffset at;
};
using RestoreTarget = std::variant<LatestTarget, TimeTarget, PositionTarget>;

struct RestoreRequest {
  RestoreTarget target;
  std::optional<std::string> generation;  ///< none: chosen by the rules above
};

/// One index to replay: the first `size_bytes` bytes of it, which end behind a commit frame.
struct IndexStep {
  std::uint64_t index = 0;
  std::vector<WalPiece> pieces;  ///< contiguous from offset 0, together size_bytes
  std::uint64_t size_bytes = 0;
};

struct RestorePlan {
  Item snapshot;
  std::vector<IndexStep> steps;  ///< by index, without a hole; empty: the snapshot is the target
  db::Position target;           ///< the restored database is exactly as of here
  UnixNanos as_of_ns = 0;        ///< everything restored was committed by then; 0: not known
  std::string note;              ///< what a person should know though nothing is wrong; "" for nothing

  [[nodiscard]] std::uint64_t wal_bytes() const noexcept;
};

/// Why there is no plan. A judgement, not an error.
struct Refusal {
  bool nothing_to_restore = false;  ///< there is no data, or none that old: exit code 3
  std::string reason;               ///< "wal from 0123456789abcdef/00000003:0000000000000000 is missing"
  std::string hint;                 ///< a full sentence, or ""
  db::Position missing;             ///< none() where nothing is missing
};

using PlanResult = std::variant<RestorePlan, Refusal>;

/// The commit times inside a WAL item; Replicator::commit_times.
using CommitTimesOf = std::function<std::vector<CommitTime>(const Item&)>;

[[nodiscard]] PlanResult plan_restore(const Catalog& catalog, const RestoreRequest& request,
                                      const CommitTimesOf& commit_times);

}  // namespace lshost::replica
