#pragma once
// A line on a terminal that says how far a restore is.

#include <chrono>
#include <string>
#include <thread>

#include "replica/restore_progress.hpp"

namespace lshost::cli {

/// "  640.0 MB of 1.1 GB (58 %), 812.3 MB/s, 1 s left".
[[nodiscard]] std::string progress_text(std::uint64_t done_bytes, std::uint64_t total_bytes,
                                        std::chrono::duration<double> elapsed);

/// Rewrites one line on standard error a few times a second while it lives, if that is a terminal; then clears it.
/// Ownership: borrows the progress.
class ProgressLine {
 public:
  explicit ProgressLine(const replica::RestoreProgress& progress);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  void show(const std::stop_token& stop);
  const replica::RestoreProgress& progress_;
  std::jthread thread_;
};

}  // namespace lshost::cli
