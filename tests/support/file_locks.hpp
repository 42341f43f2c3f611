#pragma once
// The locks that processes hold on a file, as the kernel tells them.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lshost::test {

struct FileLock {
  pid_t pid;       ///< of the holder; -1 for locks of an open file description
  bool exclusive;  ///< else shared
  std::uint64_t first_byte;
  std::uint64_t last_byte;
  bool operator==(const FileLock&) const = default;
};

/// What /proc/locks has for the inode of `path`. Uses stat() and opens nothing but /proc/locks.
[[nodiscard]] std::vector<FileLock> locks_on(const std::string& path);

/// How many of them `pid` holds.
[[nodiscard]] std::size_t lock_count(const std::string& path, pid_t pid);

}  // namespace lshost::test
