#pragma once
// How much room a file system has.

#include <cstdint>
#include <optional>
#include <string>

namespace lshost::os {

struct DiskSpace {
  std::uint64_t free_bytes = 0;   ///< what this process may still write: blocks kept for root count only for root
  std::uint64_t total_bytes = 0;  ///< the size of the file system
};

/// Of the file system that holds `path`; nothing if it can not be asked, with errno as statvfs(3) left it. Cheap.
[[nodiscard]] std::optional<DiskSpace> disk_space(const std::string& path) noexcept;

}  // namespace lshost::os
