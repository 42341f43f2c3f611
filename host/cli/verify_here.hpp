#pragma once
// Verifies a replica without a host: what it gives as its newest state, against the live database as it is now.
//
// Nobody knows a position of the live database without its host. But the log tells: while it is the one that the
// replica's last index is a copy of, all pages that were not written behind the replica's end have to be the same.

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "cli/replica_access.hpp"
#include "db/position.hpp"
#include "replica/replicator.hpp"

namespace lshost::cli {

/// What is proven of one replica.
enum class Proof {
  verified,      ///< it gives the live database, page by page
  behind,        ///< it gives an earlier state of it: all pages that were not written since are the same
  restorable,    ///< it can be restored and SQLite finds it sound; there is no live database to compare with
  differs,       ///< it gives another database
  damaged,       ///< it gives none
  not_verified,  ///< nothing was proven
  nothing,       ///< neither a database nor a replica of one
};
[[nodiscard]] std::string_view to_string(Proof proof) noexcept;

struct HereResult {
  Proof proof = Proof::not_verified;
  db::Position position;  ///< restored; none: it did not come that far
  std::uint64_t pages = 0;
  std::string detail;  ///< a sentence; "" if verified
};

/// Restores the newest state of a replica into a scratch file in `scratch_directory`, has SQLite check it, and
/// compares. Throws nothing of Error but {cancelled}. REQUIRES: this process has not opened the database by SQLite.
[[nodiscard]] HereResult verify_here(const NamedReplica& named, replica::Replicator& replicator,
                                     const std::string& scratch_directory, const std::stop_token& stop);

}  // namespace lshost::cli
