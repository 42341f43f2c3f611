#pragma once
// The real disk, broken on purpose: a step fails, or from a step on the process is dead, or the power is gone and with
// it what was not synced.

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "disk.hpp"

namespace lshost::test {

/// Threads: all functions from any.
class HostileDisk final : public file::DiskWatcher {
 public:
  enum class Mode {
    fail,         ///< the step fails once, before anything was done
    fail_midway,  ///< a write does half of it first
    die,          ///< from that step on nothing works any more; half of a write is done
  };

  /// The `nth` step from now, from 1.
  void break_step(int nth, Mode mode);
  /// Every step of this kind on a path that ends so, until forgive().
  void break_all(file::Step step, std::string suffix, int error);
  void forgive();
  /// True once the step that break_step() named was reached.
  [[nodiscard]] bool fired() const;
  [[nodiscard]] int steps() const;

  /// What a power cut leaves: names that were not synced are gone; files end where they were synced, or go on with
  /// zeros to where they were written. After a sync that failed, bytes count as synced only if they were written again.
  void cut_power(bool zeros);

  std::size_t before(file::Step step, const std::string& path, std::size_t size) override;
  void after(file::Step step, const std::string& path) override;

 private:
  mutable std::mutex mutex_;
  int countdown_ = 0;  // 0: off
  Mode mode_ = Mode::fail;
  bool fired_ = false;
  bool dead_ = false;
  int steps_ = 0;
  int broken_error_ = 0;
  file::Step broken_step_ = file::Step::sync;
  std::string broken_suffix_;

  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  void note_write(const std::string& path, std::uint64_t size_now);
  [[nodiscard]] bool will_break() const;

  std::map<std::string, std::uint64_t> synced_size_;
  std::map<std::string, std::uint64_t> written_size_;
  std::map<std::string, std::vector<Range>> dirty_;  // written since the last sync, good or failed
  std::map<std::string, std::vector<Range>> lost_;   // by a failed sync, and not written again
  std::size_t writing_ = 0;
  std::set<std::string> unsynced_names_;
};

}  // namespace lshost::test
