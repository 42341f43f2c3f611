#include "support/stepping_vfs.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdlib>
#include <utility>

namespace lshost::test {
namespace {

StepHook the_hook;
sqlite3_vfs* the_system = nullptr;

/// SQLite allocates this with room for the system's file behind it.
struct SteppingFile {
  sqlite3_file base;
  const char* kind;  ///< "db", "wal", or null for files without steps
};

constexpr std::size_t kSystemFileOffset = (sizeof(SteppingFile) + 15) / 16 * 16;

sqlite3_file* system_file(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kSystemFileOffset);
}

int step_of(const char* kind, const char* what) {
  return kind == nullptr ? SQLITE_OK : the_hook(std::string(kind) + "." + what);
}

int step(sqlite3_file* file, const char* what) { return step_of(reinterpret_cast<SteppingFile*>(file)->kind, what); }

/// A method that passes its arguments on, with or without a step before it.
template <auto Method, class... Args>
auto pass(sqlite3_file* file, Args... args) {
  sqlite3_file* system = system_file(file);
  return (system->pMethods->*Method)(system, args...);
}

int close_file(sqlite3_file* file) { return pass<&sqlite3_io_methods::xClose>(file); }
int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  if (const int code = step(file, "read")) return code;
  return pass<&sqlite3_io_methods::xRead>(file, into, size, offset);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  if (const int code = step(file, "write")) return code;
  return pass<&sqlite3_io_methods::xWrite>(file, from, size, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = step(file, "truncate")) return code;
  return pass<&sqlite3_io_methods::xTruncate>(file, size);
}
int sync(sqlite3_file* file, int flags) {
  if (const int code = step(file, "sync")) return code;
  return pass<&sqlite3_io_methods::xSync>(file, flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  if (const int code = step(file, "size")) return code;
  return pass<&sqlite3_io_methods::xFileSize>(file, size);
}
int lock(sqlite3_file* file, int level) {
  if (const int code = step(file, "lock")) return code;
  return pass<&sqlite3_io_methods::xLock>(file, level);
}
int unlock(sqlite3_file* file, int level) { return pass<&sqlite3_io_methods::xUnlock>(file, level); }
int check_reserved_lock(sqlite3_file* file, int* out) {
  return pass<&sqlite3_io_methods::xCheckReservedLock>(file, out);
}
int file_control(sqlite3_file* file, int op, void* argument) {
  return pass<&sqlite3_io_methods::xFileControl>(file, op, argument);
}
int sector_size(sqlite3_file* file) { return pass<&sqlite3_io_methods::xSectorSize>(file); }
int device_characteristics(sqlite3_file* file) { return pass<&sqlite3_io_methods::xDeviceCharacteristics>(file); }

int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** mapped) {
  if (const int code = the_hook("shm.map")) return code;
  return pass<&sqlite3_io_methods::xShmMap>(file, region, size, extend, mapped);
}
int shm_lock(sqlite3_file* file, int first, int count, int flags) {
  const bool is_unlock = (flags & SQLITE_SHM_UNLOCK) != 0;
  const char* what = is_unlock ? "unlock." : (flags & SQLITE_SHM_EXCLUSIVE) != 0 ? "exclusive." : "shared.";
  const int code = the_hook(std::string("shm.") + what + std::to_string(first));
  if (code != SQLITE_OK && !is_unlock) return code;
  return pass<&sqlite3_io_methods::xShmLock>(file, first, count, flags);
}
void shm_barrier(sqlite3_file* file) {
  (void)the_hook("shm.barrier");
  pass<&sqlite3_io_methods::xShmBarrier>(file);
}
int shm_unmap(sqlite3_file* file, int remove) { return pass<&sqlite3_io_methods::xShmUnmap>(file, remove); }
int fetch(sqlite3_file* file, sqlite3_int64 offset, int size, void** out) {
  return pass<&sqlite3_io_methods::xFetch>(file, offset, size, out);
}
int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* page) {
  if (page == nullptr) (void)step(file, "unfetch");
  return pass<&sqlite3_io_methods::xUnfetch>(file, offset, page);
}

const sqlite3_io_methods kMethods = {
    .iVersion = 3,
    .xClose = close_file,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = fetch,
    .xUnfetch = unfetch,
};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* stepping = reinterpret_cast<SteppingFile*>(file);
  stepping->kind = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? "db" : (flags & SQLITE_OPEN_WAL) != 0 ? "wal" : nullptr;
  file->pMethods = nullptr;
  if (const int failure = step_of(stepping->kind, "open")) return failure;
  const int code = the_system->xOpen(the_system, name, system_file(file), flags, out_flags);
  // SQLite closes a file if and only if it has methods.
  file->pMethods = system_file(file)->pMethods == nullptr ? nullptr : &kMethods;
  return code;
}

int sleep_no_more(sqlite3_vfs*, int microseconds) { return microseconds; }

sqlite3_vfs the_stepping{};

}  // namespace

void install_stepping_vfs(StepHook hook) {
  the_hook = std::move(hook);
  the_system = sqlite3_vfs_find(nullptr);
  the_stepping = *the_system;
  the_stepping.zName = "stepping";
  the_stepping.szOsFile = static_cast<int>(kSystemFileOffset) + the_system->szOsFile;
  the_stepping.xOpen = open_file;
  if (sqlite3_vfs_register(&the_stepping, /*makeDflt=*/1) != SQLITE_OK) std::abort();
}

void uninstall_stepping_vfs() {
  (void)sqlite3_vfs_register(the_system, /*makeDflt=*/1);
  (void)sqlite3_vfs_unregister(&the_stepping);
}

void skip_sleeps() { the_stepping.xSleep = sleep_no_more; }

}  // namespace lshost::test
