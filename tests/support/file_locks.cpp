#include "support/file_locks.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "base/error.hpp"

namespace lshost::test {

namespace {

// A line is "1: POSIX  ADVISORY  READ 4711 08:01:1234 123 127"; the last number may be EOF, and waiting locks have
// "->" behind the first word.
std::vector<FileLock> read_locks(const std::string& inode) {
  std::vector<FileLock> found;
  std::ifstream all("/proc/locks");
  for (std::string line; std::getline(all, line);) {
    std::istringstream words(line);
    std::string number, type, mode, access, file, last;
    FileLock lock{};
    words >> number >> type >> mode >> access >> lock.pid >> file >> lock.first_byte >> last;
    if (!words || type == "->" || !file.ends_with(inode)) continue;
    lock.exclusive = access == "WRITE";
    lock.last_byte = last == "EOF" ? std::numeric_limits<std::uint64_t>::max() : std::stoull(last);
    found.push_back(lock);
  }
  return found;
}

}  // namespace

// The kernel gives the list in parts, and goes by numbers in it: while other processes lock and unlock, a line comes
// twice or not at all. So it is read until it says the same again.
std::vector<FileLock> locks_on(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) throw_errno("stat", path);
  std::string inode(1, ':');
  inode += std::to_string(status.st_ino);
  auto found = read_locks(inode);
  for (int again = 0; again < 100; ++again) {
    auto same = read_locks(inode);
    if (same == found) break;
    found = std::move(same);
  }
  return found;
}

std::size_t lock_count(const std::string& path, pid_t pid) {
  const auto locks = locks_on(path);
  return static_cast<std::size_t>(
      std::count_if(locks.begin(), locks.end(), [pid](const FileLock& lock) { return lock.pid == pid; }));
}

}  // namespace lshost::test
