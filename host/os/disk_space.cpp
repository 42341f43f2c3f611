#include "os/disk_space.hpp"

#include <sys/statvfs.h>

namespace lshost::os {

std::optional<DiskSpace> disk_space(const std::string& path) noexcept {
  struct ::statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) return std::nullopt;
  const std::uint64_t block_bytes = status.f_frsize;
  return DiskSpace{std::uint64_t{status.f_bavail} * block_bytes, std::uint64_t{status.f_blocks} * block_bytes};
}

}  // namespace lshost::os
