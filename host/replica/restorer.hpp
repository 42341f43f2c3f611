#pragma once
// Executes a restore plan: a whole, checked, durable database under its final name, or nothing there.

#include <cstdint>
#include <stop_token>
#include <string>

#include "os/fs.hpp"
#include "replica/assemble.hpp"
#include "replica/replicator.hpp"
#include "replica/restore_plan.hpp"
#include "replica/restore_progress.hpp"
#include "sqlite/check_database.hpp"

namespace lshost::replica {

struct RestoreOptions {
  std::string output;  ///< final path
  bool force = false;  ///< replace what lies there
  sqlite::CheckLevel check = sqlite::CheckLevel::quick;
  unsigned threads = 0;  ///< as in AssembleOptions
  std::stop_token stop;
};

struct RestoreReport {
  std::uint32_t page_size = 0;  ///< bytes
  std::uint64_t size_bytes = 0;
  std::uint64_t wal_frames = 0;
  std::string check_note;  ///< "" or why the check is not complete
};

/// Restores `plan` to options.output. Nothing is visible under that name before everything is done; a process that is
/// killed leaves a file with a name of its own (scratch_file.hpp), which the next restore into the folder removes.
/// Errors: Error{invalid} if the output can not be used, {corrupt} naming the position of what is damaged, {no_space},
/// {cancelled}, and what the replicator throws.
/// REQUIRES: this process has not opened the output with SQLite.
[[nodiscard]] RestoreReport restore_database(Replicator& replicator, const RestorePlan& plan,
                                             const RestoreOptions& options, os::Fs& fs, RestoreProgress& progress);

}  // namespace lshost::replica
