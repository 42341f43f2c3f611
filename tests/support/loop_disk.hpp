#pragma once
// A file system of its own in a file, whose power can be cut.

#include <cstdint>
#include <optional>
#include <string>

#include "support/temp_dir.hpp"

namespace lshost::test {

/// An ext4 or xfs in an image that is mounted by a loop device. Needs root, loop devices and mkfs.
///
/// Ownership: unmounts and removes everything. Threads: one. Errors: throws std::runtime_error.
class LoopDisk {
 public:
  enum class Kind { ext4, xfs };
  enum class Cut {
    journal_kept,  ///< what the file system's journal held in memory still reaches the disk
    journal_lost,  ///< nothing does any more
  };

  /// The image takes only the space of what was written to it.
  explicit LoopDisk(Kind kind, std::uint64_t size_bytes = std::uint64_t{2} << 30);
  ~LoopDisk();
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  /// nullopt: this machine can. Else why not. Tried once.
  [[nodiscard]] static std::optional<std::string> why_not();

  [[nodiscard]] const std::string& path() const noexcept { return mount_point_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return mount_point_ + "/" + name; }
  void sync();  ///< what is written is on the disk
  /// From now on nothing is written, and every operation fails: what was not synced is gone.
  void cut_power(Cut cut);
  /// The next start of the machine: mounts it again. REQUIRES: no process has a file on it open.
  void power_on();

 private:
  void mount();
  void unmount();

  const Kind kind_;
  TempDir directory_;
  std::string image_;
  std::string mount_point_;
  bool is_mounted_ = false;
};

}  // namespace lshost::test
