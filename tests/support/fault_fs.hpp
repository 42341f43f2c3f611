#pragma once
// An in-memory Fs that forgets what was not synced, and fails on demand.

#include <cstdint>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "os/fs.hpp"
#include "support/fault_plan.hpp"
#include "support/memory_disk.hpp"

namespace lshost::test {

/// A disk to lose. It starts with one empty directory, "/r"; paths are absolute, and there are no links.
///
/// Faults (fail_nth, fail_op, ...) are those of FaultPlan: a failed append has written half, a failed sync has thrown
/// the unsynced bytes away for good (as Linux does: a later sync succeeds and brings nothing back), everything else
/// that fails has done nothing.
///
/// Threads: thread-safe as Fs is; find() and the crashes are for a moment when nobody else works on it.
/// Errors:  a file that was open when the disk crashed throws Error{internal} from then on.
class FaultFs final : public os::Fs, public FaultPlan {
 public:
  FaultFs();

  /// Power loss: only synced bytes under synced names stay.
  void crash();
  /// Power loss of the friendlier and nastier kinds: of the rest a random part stays too, some of it as zeros.
  void crash(std::uint64_t seed);

  /// The disk is full once all files together have this size; what still fits is written.
  void limit_space(std::uint64_t bytes);

  /// The bytes of a file as programs see them; nullptr: there is none. Good until the file changes.
  [[nodiscard]] const std::vector<std::byte>* find(const std::string& path) const;
  /// A durable file with its directories, for setting the scene; not counted, never fails.
  void put(const std::string& path, ByteSpan data);
  /// Changes one byte in place, as a bad disk does.
  void damage(const std::string& path, std::uint64_t offset);

  std::unique_ptr<os::WritableFile> create(std::string_view op, const std::string& path, std::uint32_t mode) override;
  std::unique_ptr<os::WritableFile> open_append(std::string_view op, const std::string& path) override;
  std::unique_ptr<os::ReadableFile> open_read(std::string_view op, const std::string& path) override;
  std::optional<os::FileStat> stat(std::string_view op, const std::string& path) override;
  std::optional<std::vector<std::string>> list(std::string_view op, const std::string& directory) override;
  void create_directories(std::string_view op, const std::string& directory, std::uint32_t mode) override;
  void rename(std::string_view op, const std::string& from, const std::string& to) override;
  void remove(std::string_view op, const std::string& path) override;
  void sync_directory(std::string_view op, const std::string& directory) override;

 private:
  class File;
  class ReadFile;
  class WriteFile;
  [[nodiscard]] MemoryDisk::NodePtr existing_file(std::string_view op, const std::string& path) const
      LSHOST_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t room_for_append() const LSHOST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  MemoryDisk disk_ LSHOST_GUARDED_BY(mutex_);
  std::uint64_t crashes_ LSHOST_GUARDED_BY(mutex_) = 0;  // files opened before the last one are dead
  std::uint64_t space_bytes_max_ LSHOST_GUARDED_BY(mutex_) = UINT64_MAX;
};

}  // namespace lshost::test
