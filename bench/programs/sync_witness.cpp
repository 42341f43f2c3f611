// bench_sync_witness: loaded into a tool with LD_PRELOAD, it notes which file was synced from when to when. The tool is
// stopped nowhere: a note costs it some microseconds after a sync, where strace costs it two changes to another
// process.
//
// One line per sync that succeeded, appended to the file that LSHOST_BENCH_SYNCS names: "begin_ns end_ns path".

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "clock.hpp"

namespace {

using Sync = int (*)(int);

int notes() noexcept {
  static const int fd = [] {
    const char* path = std::getenv("LSHOST_BENCH_SYNCS");
    return path == nullptr ? -1 : ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }();
  return fd;
}

void note(int fd, std::int64_t begin_ns, std::int64_t end_ns) noexcept {
  std::array<char, 64> link{};
  std::array<char, 4096> path{};
  std::array<char, 4200> line{};
  (void)std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  if (::readlink(link.data(), path.data(), path.size() - 1) < 0) return;
  const int size = std::snprintf(line.data(), line.size(), "%lld %lld %s\n", static_cast<long long>(begin_ns),
                                 static_cast<long long>(end_ns), path.data());
  if (::write(notes(), line.data(), static_cast<std::size_t>(size)) != size)
    std::abort();  // no figure from half a list
}

int watched(const char* name, int fd) noexcept {
  const auto real = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name));
  const std::int64_t begin_ns = lshost::bench::now_ns();
  const int result = real(fd);
  const int error = errno;
  if (result == 0 && notes() >= 0) note(fd, begin_ns, lshost::bench::now_ns());
  errno = error;
  return result;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int fsync(int fd) { return watched("fsync", fd); }
__attribute__((visibility("default"))) int fdatasync(int fd) { return watched("fdatasync", fd); }
}
