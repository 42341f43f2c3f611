#include "sqlite/mapped_vfs.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace lshost::sqlite {
namespace {

constexpr char kName[] = "lshost-mapped";
constexpr std::int64_t kWindowSize = 4 << 20;  // a multiple of every page size
constexpr std::size_t kWindowCount = 8;        // a tree's inner pages and its leaves lie apart

/// A mapped part of the file. Pages of it that SQLite holds keep it mapped.
struct Window {
  std::byte* bytes = nullptr;
  std::int64_t offset = -1;
  std::int64_t size = 0;
  int users = 0;
  std::uint64_t last_use = 0;

  void unmap() noexcept {
    if (bytes != nullptr) (void)::munmap(bytes, static_cast<std::size_t>(size));
    *this = Window{};
  }
};

class Windows {
 public:
  explicit Windows(const char* path) noexcept : fd_(::open(path, O_RDONLY | O_CLOEXEC)) {
    struct ::stat status{};
    if (fd_ && ::fstat(fd_.get(), &status) == 0) file_size_ = status.st_size;
  }
  ~Windows() {
    for (auto& window : windows_) window.unmap();
  }
  Windows(const Windows&) = delete;
  Windows& operator=(const Windows&) = delete;

  /// nullptr: not mapped, to be read.
  int fetch(std::int64_t offset, int amount, void** out) noexcept {
    const std::int64_t begin = offset - offset % kWindowSize;
    *out = nullptr;
    if (offset + amount > std::min(file_size_, begin + kWindowSize)) return SQLITE_OK;
    Window* window = find(begin);
    if (window == nullptr) window = oldest_unused();
    if (window == nullptr) return SQLITE_OK;
    if (window->offset != begin) {
      if (const int code = map(*window, begin, std::min(kWindowSize, file_size_ - begin)); code != SQLITE_OK)
        return code;
      if (window->bytes == nullptr) return SQLITE_OK;
    }
    ++window->users;
    window->last_use = ++uses_;
    *out = window->bytes + (offset - begin);
    return SQLITE_OK;
  }

  void unfetch(std::int64_t offset) noexcept {
    if (Window* window = find(offset - offset % kWindowSize)) --window->users;
  }

 private:
  Window* find(std::int64_t begin) noexcept {
    const auto it = std::find_if(windows_.begin(), windows_.end(), [&](const Window& w) { return w.offset == begin; });
    return it == windows_.end() ? nullptr : &*it;
  }

  Window* oldest_unused() noexcept {
    Window* best = nullptr;
    for (auto& window : windows_) {
      if (window.users == 0 && (best == nullptr || window.last_use < best->last_use)) best = &window;
    }
    return best;
  }

  int map(Window& window, std::int64_t begin, std::int64_t size) noexcept {
    window.unmap();
    const auto length = static_cast<std::size_t>(size);
    void* mapped = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd_.get(), begin);
    if (mapped == MAP_FAILED) return SQLITE_OK;
    window.bytes = static_cast<std::byte*>(mapped);
    window.size = size;
    if (::madvise(mapped, length, MADV_POPULATE_READ) != 0) {
      const bool is_read_error = errno == EFAULT || errno == EIO;
      window.unmap();
      return is_read_error ? SQLITE_IOERR_READ : SQLITE_OK;
    }
    window.offset = begin;
    return SQLITE_OK;
  }

  UniqueFd fd_;
  std::int64_t file_size_ = 0;  // once: asking each time would cost as much as reading
  std::array<Window, kWindowCount> windows_;
  std::uint64_t uses_ = 0;
};

/// What SQLite allocates for an open database; the file of the real VFS lies behind it.
struct File {
  sqlite3_file base;  // first, because SQLite casts
  Windows* windows;
};

constexpr std::size_t kAlignment = alignof(std::max_align_t);
constexpr std::size_t kRealOffset = (sizeof(File) + kAlignment - 1) / kAlignment * kAlignment;

Windows& windows_of(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file)->windows; }

sqlite3_file* real(sqlite3_file* file) noexcept {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + kRealOffset);
}

sqlite3_vfs* real(sqlite3_vfs* vfs) noexcept { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int close(sqlite3_file* file) noexcept {
  delete &windows_of(file);
  return real(file)->pMethods->xClose(real(file));
}

int fetch(sqlite3_file* file, sqlite3_int64 offset, int amount, void** out) noexcept {
  return windows_of(file).fetch(offset, amount, out);
}

int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* page) noexcept {
  if (page != nullptr) windows_of(file).unfetch(offset);
  return SQLITE_OK;
}

int control(sqlite3_file* file, int op, void* argument) noexcept {
  if (op == SQLITE_FCNTL_MMAP_SIZE) return SQLITE_OK;  // the real file is not to map as well
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}

// Everything else is the real file's business.

int read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) noexcept {
  return real(file)->pMethods->xRead(real(file), into, amount, offset);
}
int write(sqlite3_file*, const void*, int, sqlite3_int64) noexcept { return SQLITE_READONLY; }
int truncate(sqlite3_file*, sqlite3_int64) noexcept { return SQLITE_READONLY; }
int sync(sqlite3_file* file, int flags) noexcept { return real(file)->pMethods->xSync(real(file), flags); }
int file_size(sqlite3_file* f, sqlite3_int64* size) noexcept { return real(f)->pMethods->xFileSize(real(f), size); }
int lock(sqlite3_file* file, int level) noexcept { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) noexcept { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* f, int* out) noexcept { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
int sector_size(sqlite3_file* file) noexcept { return real(file)->pMethods->xSectorSize(real(file)); }
int traits(sqlite3_file* file) noexcept { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 3,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = traits,
    .xShmMap = nullptr,  // an immutable database has no log
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = fetch,
    .xUnfetch = unfetch,
};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) noexcept {
  file->pMethods = nullptr;
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return real(vfs)->xOpen(real(vfs), name, file, flags, out_flags);
  const int code = real(vfs)->xOpen(real(vfs), name, real(file), flags, out_flags);
  if (code != SQLITE_OK) return code;
  auto* windows = new (std::nothrow) Windows(name);
  if (windows == nullptr) {
    (void)real(file)->pMethods->xClose(real(file));
    return SQLITE_NOMEM;
  }
  reinterpret_cast<File*>(file)->windows = windows;
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

/// The default VFS with another way to open databases; its other functions do not look at what is ours. Lives as long
/// as the process, as SQLite wants it.
sqlite3_vfs* make_vfs() noexcept {
  static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
  vfs.pAppData = sqlite3_vfs_find(nullptr);
  vfs.zName = kName;
  vfs.szOsFile += static_cast<int>(kRealOffset);
  vfs.pNext = nullptr;
  vfs.xOpen = open;
  return &vfs;
}

}  // namespace

const char* mapped_vfs() {
  static const int registered = [] {
    const int code = sqlite3_initialize();
    return code == SQLITE_OK ? sqlite3_vfs_register(make_vfs(), /*makeDflt=*/0) : code;
  }();
  if (registered != SQLITE_OK) throw Error(ErrorCode::internal, "SQLite does not take another VFS");
  return kName;
}

}  // namespace lshost::sqlite
