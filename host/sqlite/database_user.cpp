#include "sqlite/database_user.hpp"

#include <fcntl.h>

#include "base/unique_fd.hpp"

namespace lshost::sqlite {
namespace {

/// What excludes an exclusive lock on a range of a file; asks, and locks nothing.
std::string find_lock(const std::string& path, ::off_t start, ::off_t length) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return "";
  struct ::flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  if (::fcntl(fd.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return "";
  return lock.l_pid > 0 ? "process " + std::to_string(lock.l_pid) : "another process";
}

}  // namespace

std::string find_database_user(const std::string& path) {
  // SQLite's lock bytes: pending, reserved and shared in the database; eight locks and the "dead man's switch", which
  // every connection holds, in the wal-index.
  std::string user = find_lock(path, 0x40000000, 512);
  return user.empty() ? find_lock(path + "-shm", 120, 9) : user;
}

}  // namespace lshost::sqlite
