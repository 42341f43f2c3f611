#pragma once
// Whether a replica holds what it promised: restored to a position, and compared page by page with the database there.

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "db/position.hpp"
#include "os/disk_space.hpp"
#include "replica/page_sums.hpp"
#include "replica/replicator.hpp"
#include "replica/restore_plan.hpp"

namespace lshost::replica {

/// What a verification came to. The first is the only good one.
enum class Verdict {
  verified,      ///< what the replica gives is the database, page by page
  differs,       ///< it gives another database
  damaged,       ///< it gives none: something is missing, or is not what was stored
  not_verified,  ///< nothing is proven either way: the destination can not be reached, there is no space, ...
};
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

/// A replica that reported something as durable does not have it.
[[nodiscard]] constexpr bool is_lie(Verdict verdict) noexcept {
  return verdict == Verdict::differs || verdict == Verdict::damaged;
}

struct Verification {
  Verdict verdict = Verdict::not_verified;
  std::string detail;  ///< what differs, is missing or is in the way; "" if verified
  std::uint64_t pages = 0;
};

/// What a failure while a replica is read says about it. Pure.
/// Bytes that are not what was stored are damage, and so is a list that names what is not there. Everything else (a
/// network, permissions, a full disk, a stop) may be different the next time.
[[nodiscard]] Verdict verdict_of(ErrorCode code) noexcept;

/// What a refusal to restore to `at` says about a replica with that catalog. Pure.
/// Where all of its snapshots are newer than the position, retention took the older ones: that is no damage.
[[nodiscard]] Verdict verdict_of(const Refusal& refusal, const Catalog& catalog, const db::Position& at);

/// What a scratch file leaves free on a disk of that size, for the applications there: a tenth, at most 1 GiB. Pure.
[[nodiscard]] std::uint64_t bytes_left_to_others(std::uint64_t total_bytes) noexcept;

struct VerifyOptions {
  std::string scratch_directory;  ///< exists; holds a file as large as the database, for as long as the call takes
  unsigned threads = 2;
  std::stop_token stop;
  std::function<std::optional<os::DiskSpace>(const std::string& directory)> space = os::disk_space;
};

/// Restores the replica to `at` into a scratch file and compares that with `expected`, the database as of there.
/// A replica is listed again before anything missing is believed to be missing. Throws nothing of Error.
/// Disk: refused (not_verified) if less than bytes_left_to_others() would stay free.
[[nodiscard]] Verification verify_position(Replicator& replicator, const db::Position& at, const PageSums& expected,
                                           const VerifyOptions& options);

/// Restores `plan` into a scratch file, which is handed to `use` and gone afterwards. Throws as assemble() does, and
/// Error{no_space}.
void with_restored(Replicator& replicator, const RestorePlan& plan, const VerifyOptions& options,
                   const std::function<void(const std::string& path, const PageSums& pages)>& use);

}  // namespace lshost::replica
