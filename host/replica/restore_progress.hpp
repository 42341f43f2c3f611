#pragma once
// How far a restore is, for whoever shows it.

#include <atomic>
#include <cstdint>

namespace lshost::replica {

/// Written by the restore, read by anybody at any time.
struct RestoreProgress {
  enum class Phase : int { assembling, checking, publishing };
  std::atomic<Phase> phase{Phase::assembling};
  std::atomic<std::uint64_t> done_bytes{0};   ///< snapshot and WAL bytes read so far
  std::atomic<std::uint64_t> total_bytes{0};  ///< of the plan
};

}  // namespace lshost::replica
