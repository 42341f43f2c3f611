// A library to preload: the program's n-th call that touches a file below a folder fails, or is its last one.
//
// Host, plugin and SQLite are the ones that ship, and every step of all three is a fail point, so none needs a switch
// of its own. support/fail_point.hpp is how tests ask for it.
//
//   LSHOST_FAIL_UNDER=FOLDER   only files below it count
//   LSHOST_FAIL_NTH=N          the N-th call from the start, from 1
//   LSHOST_FAIL_WITH=WORD      kill: SIGKILL before it. torn: half of a write is done, then SIGKILL. Else an errno as a
//                              number, returned once. hang: all of them wait while LSHOST_FAIL_WHILE is there
//   LSHOST_FAIL_WHILE=FILE     for hang
//   LSHOST_FAIL_READS=1        reads, mappings and openings for reading count, too
//
// Prints "fail point N: CALL PATH" to standard error when it strikes. Unlocking counts and never fails: no file system
// refuses it.

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

struct Settings {
  std::string under;
  std::uint64_t nth = 0;
  std::string with;
  std::string hang_while;
  bool reads = false;
};

const Settings& settings() {
  static const Settings the = [] {
    const auto text = [](const char* name) {
      const char* value = std::getenv(name);
      return std::string(value == nullptr ? "" : value);
    };
    return Settings{text("LSHOST_FAIL_UNDER"), std::strtoull(text("LSHOST_FAIL_NTH").c_str(), nullptr, 10),
                    text("LSHOST_FAIL_WITH"), text("LSHOST_FAIL_WHILE"), text("LSHOST_FAIL_READS") == "1"};
  }();
  return the;
}

std::atomic<std::uint64_t> the_count{0};

/// The next definition of the function behind ours.
template <class Fn>
Fn* real(const char* name) {
  return reinterpret_cast<Fn*>(::dlsym(RTLD_NEXT, name));
}

bool is_ours(std::string_view path) {
  const auto& under = settings().under;
  return !under.empty() && path.starts_with(under);
}

/// Where a descriptor leads; "" where that is no file.
std::string path_of(int fd) {
  const auto link = "/proc/self/fd/" + std::to_string(fd);
  std::array<char, 4096> path;
  const auto size = ::readlink(link.c_str(), path.data(), path.size());
  return size <= 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(size));
}

enum class Verdict { go_on, fail, tear };

[[noreturn]] void die() {
  (void)::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// As a disk that does not answer.
void hang() {
  while (::access(settings().hang_while.c_str(), F_OK) == 0) (void)::poll(nullptr, 0, 5);
}

Verdict step(const char* call, const std::string& path, bool is_write = false) {
  const int saved = errno;
  const auto& set = settings();
  if (set.with == "hang") {
    if (is_ours(path)) hang();
    errno = saved;
    return Verdict::go_on;
  }
  if (!is_ours(path) || ++the_count != set.nth) {
    errno = saved;
    return Verdict::go_on;
  }
  std::array<char, 4400> line;
  const int size = std::snprintf(line.data(), line.size(), "fail point %llu: %s %s\n",
                                 static_cast<unsigned long long>(set.nth), call, path.c_str());
  (void)!real<ssize_t(int, const void*, std::size_t)>("write")(STDERR_FILENO, line.data(),
                                                               static_cast<std::size_t>(size));
  if (set.with == "torn" && is_write) return Verdict::tear;
  if (set.with == "kill" || set.with == "torn") die();
  errno = std::atoi(set.with.c_str());
  return Verdict::fail;
}

/// A call that changes something, or fails.
bool fails(const char* call, const std::string& path) { return step(call, path) == Verdict::fail; }

/// A write of `size` bytes, which `write_some` does for as many as it is told.
template <class Write>
ssize_t guarded_write(const char* call, int fd, std::size_t size, Write&& write_some) {
  const auto verdict = step(call, path_of(fd), /*is_write=*/true);
  if (verdict == Verdict::fail) return -1;
  if (verdict == Verdict::go_on) return write_some(size);
  (void)write_some(size / 2);
  die();
}

int guarded_open(const char* call, int directory, const char* path, int flags, mode_t mode) {
  const bool counts = (flags & (O_CREAT | O_TRUNC)) != 0 || settings().reads;
  const std::string whole = path[0] == '/' || directory == AT_FDCWD ? path : path_of(directory) + "/" + path;
  if (counts && fails(call, whole)) return -1;
  return real<int(int, const char*, int, ...)>("openat")(directory, path, flags, mode);
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

int guarded_fcntl(const char* name, int fd, int command, void* argument) {
  const bool sets_lock = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
  if (sets_lock) {
    const bool is_unlock = static_cast<const struct flock*>(argument)->l_type == F_UNLCK;
    const bool may_fail = settings().with == "kill" || settings().with == "torn" || !is_unlock;
    if (may_fail && fails(is_unlock ? "unlock" : "lock", path_of(fd))) return -1;
  }
  return real<int(int, int, ...)>(name)(fd, command, argument);
}

}  // namespace

extern "C" {

// Both names of each: the C library offers calls with 64-bit offsets under names of their own.

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = mode_of(flags, arguments);
  va_end(arguments);
  return guarded_open("open", AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = mode_of(flags, arguments);
  va_end(arguments);
  return guarded_open("open", AT_FDCWD, path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = mode_of(flags, arguments);
  va_end(arguments);
  return guarded_open("openat", directory, path, flags, mode);
}

ssize_t write(int fd, const void* from, std::size_t size) {
  static auto* const next = real<ssize_t(int, const void*, std::size_t)>("write");
  return guarded_write("write", fd, size, [&](std::size_t some) { return next(fd, from, some); });
}
ssize_t pwrite(int fd, const void* from, std::size_t size, off_t at) {
  static auto* const next = real<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  return guarded_write("pwrite", fd, size, [&](std::size_t some) { return next(fd, from, some, at); });
}
ssize_t pwrite64(int fd, const void* from, std::size_t size, off64_t at) {
  static auto* const next = real<ssize_t(int, const void*, std::size_t, off64_t)>("pwrite64");
  return guarded_write("pwrite", fd, size, [&](std::size_t some) { return next(fd, from, some, at); });
}

ssize_t pread(int fd, void* into, std::size_t size, off_t at) {
  if (settings().reads && fails("pread", path_of(fd))) return -1;
  static auto* const next = real<ssize_t(int, void*, std::size_t, off_t)>("pread");
  return next(fd, into, size, at);
}
ssize_t pread64(int fd, void* into, std::size_t size, off64_t at) {
  if (settings().reads && fails("pread", path_of(fd))) return -1;
  static auto* const next = real<ssize_t(int, void*, std::size_t, off64_t)>("pread64");
  return next(fd, into, size, at);
}
ssize_t read(int fd, void* into, std::size_t size) {
  if (settings().reads && fails("read", path_of(fd))) return -1;
  static auto* const next = real<ssize_t(int, void*, std::size_t)>("read");
  return next(fd, into, size);
}
void* mmap64(void* address, std::size_t size, int protection, int flags, int fd, off64_t at) {
  if (settings().reads && fd >= 0 && fails("mmap", path_of(fd))) return MAP_FAILED;
  static auto* const next = real<void*(void*, std::size_t, int, int, int, off64_t)>("mmap64");
  return next(address, size, protection, flags, fd, at);
}

int fsync(int fd) {
  static auto* const next = real<int(int)>("fsync");
  return fails("fsync", path_of(fd)) ? -1 : next(fd);
}
int fdatasync(int fd) {
  static auto* const next = real<int(int)>("fdatasync");
  return fails("fdatasync", path_of(fd)) ? -1 : next(fd);
}
int ftruncate(int fd, off_t size) noexcept {
  static auto* const next = real<int(int, off_t)>("ftruncate");
  return fails("ftruncate", path_of(fd)) ? -1 : next(fd, size);
}
int ftruncate64(int fd, off64_t size) noexcept {
  static auto* const next = real<int(int, off64_t)>("ftruncate64");
  return fails("ftruncate", path_of(fd)) ? -1 : next(fd, size);
}
int rename(const char* from, const char* to) noexcept {
  static auto* const next = real<int(const char*, const char*)>("rename");
  return fails("rename", to) ? -1 : next(from, to);
}
int unlink(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("unlink");
  return fails("unlink", path) ? -1 : next(path);
}
int rmdir(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("rmdir");
  return fails("rmdir", path) ? -1 : next(path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const next = real<int(const char*, mode_t)>("mkdir");
  return fails("mkdir", path) ? -1 : next(path, mode);
}

int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  return guarded_fcntl("fcntl", fd, command, argument);
}
int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  return guarded_fcntl("fcntl64", fd, command, argument);
}

}  // extern "C"
