// A VFS of two files in memory: a database that has one page of nothing, and the log. SQLite recovers the log into the
// wal-index before it looks at the database, and where it ends it does not care what is in the pages.

#include "fuzz/recover_with_sqlite.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string_view>

#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

constexpr std::size_t kRegionSize = 32768;

struct World {
  Bytes database;
  Bytes log;
  std::vector<std::array<std::byte, kRegionSize>*> regions;
};

World& world() {
  static World instance;
  return instance;
}

struct File {
  sqlite3_file base;
  Bytes* bytes;
};

Bytes& bytes_of_file(sqlite3_file* file) { return *reinterpret_cast<File*>(file)->bytes; }

int close(sqlite3_file* /*file*/) { return SQLITE_OK; }

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  const Bytes& bytes = bytes_of_file(file);
  const auto wanted = static_cast<std::size_t>(size);
  const auto at = std::min(static_cast<std::size_t>(offset), bytes.size());
  const auto have = std::min(wanted, bytes.size() - at);
  if (have > 0) std::memcpy(into, bytes.data() + at, have);
  if (have == wanted) return SQLITE_OK;
  std::memset(static_cast<std::byte*>(into) + have, 0, wanted - have);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* /*file*/, const void* /*from*/, int /*size*/, sqlite3_int64 /*offset*/) {
  return SQLITE_IOERR_WRITE;  // recovery writes nothing but the wal-index
}

int truncate(sqlite3_file* /*file*/, sqlite3_int64 /*size*/) { return SQLITE_IOERR_TRUNCATE; }
int sync(sqlite3_file* /*file*/, int /*flags*/) { return SQLITE_OK; }

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(bytes_of_file(file).size());
  return SQLITE_OK;
}

int lock(sqlite3_file* /*file*/, int /*level*/) { return SQLITE_OK; }

int check_reserved_lock(sqlite3_file* /*file*/, int* result) {
  *result = 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file* /*file*/, int /*op*/, void* /*argument*/) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file* /*file*/) { return 512; }
int device_characteristics(sqlite3_file* /*file*/) { return 0; }

int shm_map(sqlite3_file* /*file*/, int number, int size, int is_written, void volatile** region) {
  expect(size == static_cast<int>(kRegionSize), "a region of the wal-index has 32 KiB");
  auto& regions = world().regions;
  const auto at = static_cast<std::size_t>(number);
  *region = nullptr;
  if (at >= regions.size() && is_written == 0) return SQLITE_OK;
  while (regions.size() <= at) regions.push_back(new std::array<std::byte, kRegionSize>());
  *region = regions[at]->data();
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* /*file*/, int /*offset*/, int /*count*/, int /*flags*/) { return SQLITE_OK; }
void shm_barrier(sqlite3_file* /*file*/) {}
int shm_unmap(sqlite3_file* /*file*/, int /*is_deleted*/) { return SQLITE_OK; }

constexpr sqlite3_io_methods kMethods = {2,
                                         close,
                                         read,
                                         write,
                                         truncate,
                                         sync,
                                         file_size,
                                         lock,
                                         lock,
                                         check_reserved_lock,
                                         file_control,
                                         sector_size,
                                         device_characteristics,
                                         shm_map,
                                         shm_lock,
                                         shm_barrier,
                                         shm_unmap,
                                         nullptr,
                                         nullptr};

bool is_log(std::string_view name) { return name.ends_with("-wal"); }

int open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  auto* opened = new (file) File{};
  opened->bytes = name != nullptr && is_log(name) ? &world().log : &world().database;
  opened->base.pMethods = &kMethods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* /*vfs*/, const char* /*name*/, int /*is_synced*/) { return SQLITE_OK; }

int access(sqlite3_vfs* /*vfs*/, const char* name, int /*flags*/, int* result) {
  *result = is_log(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_pathname(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

const char* vfs_name() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs own = *sqlite3_vfs_find(nullptr);  // time, randomness
    own.szOsFile = sizeof(File);
    own.zName = "lshost-fuzz";
    own.pNext = nullptr;
    own.xOpen = open;
    own.xDelete = remove;
    own.xAccess = access;
    own.xFullPathname = full_pathname;
    return own;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, /*makeDflt=*/0);
  expect(registered == SQLITE_OK, "a VFS can be registered");
  return vfs.zName;
}

std::uint32_t word_at(const std::byte* header, std::size_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, header + offset, sizeof word);
  return word;
}

/// https://www.sqlite.org/walformat.html#the_wal_index_header, numbers as the machine has them.
std::optional<Recovered> read_index() {
  const auto& regions = world().regions;
  if (regions.empty()) return std::nullopt;
  const std::byte* header = regions[0]->data();
  constexpr std::size_t kIsInitAt = 12;
  if (header[kIsInitAt] == std::byte{0}) return std::nullopt;
  std::uint16_t page_size = 0;
  std::memcpy(&page_size, header + 14, sizeof page_size);
  return Recovered{.frames = word_at(header, 16),
                   .page_size = (page_size & 0xfe00U) + ((page_size & 1U) << 16U),
                   .db_size_pages = word_at(header, 20),
                   .sum = {word_at(header, 24), word_at(header, 28)}};
}

}  // namespace

std::optional<Recovered> recover_with_sqlite(ByteSpan wal) {
  const char* vfs = vfs_name();
  world().database.assign(512, std::byte{0});
  world().log = copy_of(wal);
  for (auto* region : world().regions) delete region;
  world().regions.clear();

  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2("fuzz.db", &connection, SQLITE_OPEN_READWRITE, vfs);
  expect(opened == SQLITE_OK, "a database in memory can be opened");
  (void)sqlite3_exec(connection, "PRAGMA schema_version", nullptr, nullptr, nullptr);  // the pages may be anything
  const auto recovered = read_index();
  (void)sqlite3_close(connection);
  return recovered;
}

}  // namespace lshost::fuzz
