#include "sqlite/wal_index.hpp"

#include <sqlite3.h>

#include <bit>
#include <cstddef>
#include <cstring>
#include <string>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "sqlite/result_code.hpp"

namespace lshost::sqlite {
namespace {

using Word = const volatile std::uint32_t;

constexpr int kRegionSize = 32 * 1024;
constexpr std::size_t kFramesPerRegion = 4096;  // page numbers in each region, before its hash table

// Words of the first region. Both copies of the header come first, then the checkpoint information. The page
// numbers of the frames follow; the first region has room for as many fewer as these words take.
constexpr std::size_t kHeaderWords = 12;
constexpr std::size_t kBackfilled = 24;
constexpr std::size_t kReadMarks = 25;
constexpr std::size_t kFirstPageNumber = 34;
static_assert(kFirstPageNumber * sizeof(std::uint32_t) == 136);

// Words of one copy of the header. Numbers are in the machine's byte order, salts as they stand in the file.
constexpr std::size_t kChangeCounter = 2;
constexpr std::size_t kFlags = 3;  // bytes: is initialized, checksums are big-endian; then 16 bits of page size
constexpr std::size_t kMaxFrame = 4;
constexpr std::size_t kDbSize = 5;
constexpr std::size_t kFrameChecksum = 6;
constexpr std::size_t kSalt = 8;
constexpr std::size_t kChecksum = 10;

/// Other processes write these words. Acquire keeps the reads in order, which is all that the two copies need: the
/// writer stores the second copy first, so reading the first copy first can not see it newer than the second.
std::uint32_t load(Word* word) noexcept { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

using HeaderCopy = std::array<std::uint32_t, kHeaderWords>;

HeaderCopy copy_header(Word* from) noexcept {
  HeaderCopy copy;
  for (std::size_t i = 0; i < kHeaderWords; ++i) copy[i] = load(from + i);
  return copy;
}

wal::Salt salt_of(std::uint32_t first, std::uint32_t second) noexcept {
  std::array<std::byte, 8> bytes;
  std::memcpy(bytes.data(), &first, sizeof first);
  std::memcpy(bytes.data() + sizeof first, &second, sizeof second);
  return {wal::load32(bytes.data()), wal::load32(bytes.data() + sizeof first)};
}

bool is_initialized(const HeaderCopy& copy) noexcept {
  return std::as_bytes(std::span(copy))[kFlags * sizeof(std::uint32_t)] != std::byte{0};
}

/// SQLite keeps 65536, which does not fit in 16 bits, as 1.
std::uint32_t page_size_of(const HeaderCopy& copy) noexcept {
  std::uint16_t stored;
  std::memcpy(&stored, std::as_bytes(std::span(copy)).data() + kFlags * sizeof(std::uint32_t) + 2, sizeof stored);
  return (stored & 0xfe00U) | ((stored & 1U) << 16U);
}

bool has_valid_checksum(const HeaderCopy& copy) noexcept {
  const auto covered = std::as_bytes(std::span(copy).first<kChecksum>());
  const auto sum = wal::checksum({}, covered, std::endian::native == std::endian::big);
  return sum == wal::Checksum{copy[kChecksum], copy[kChecksum + 1]};
}

constexpr std::size_t slot_of(WalLock lock) noexcept { return static_cast<std::size_t>(lock); }

/// The file of the main database behind `connection`, with shared memory that is in use. A connection that has no
/// WAL open must not get here: mapping would create a -shm beside a database that has none.
sqlite3_file* file_with_wal_index(sqlite3* connection) {
  sqlite3_file* log = nullptr;
  sqlite3_file* file = nullptr;
  check(connection, sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log), "wal-index");
  check(connection, sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file), "wal-index");
  if (file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2 ||
      file->pMethods->xShmMap == nullptr) {
    throw Error(ErrorCode::unsupported, "wal-index: this VFS of SQLite has no shared memory");
  }
  if (log == nullptr || log->pMethods == nullptr) {
    throw Error(ErrorCode::transient, "wal-index: the database is not in WAL mode");
  }
  return file;
}

}  // namespace

WalIndex::WalIndex(sqlite3* connection) : file_(file_with_wal_index(connection)), first_region_(region(0)) {}

WalIndex::~WalIndex() {
  for (std::size_t slot = 0; slot < held_.size(); ++slot) {
    if (held_[slot] != Held::no) unlock(static_cast<WalLock>(slot));
  }
}

std::optional<IndexHeader> WalIndex::try_read_header() const noexcept {
  const HeaderCopy first = copy_header(first_region_);
  const HeaderCopy second = copy_header(first_region_ + kHeaderWords);
  if (first != second || !is_initialized(first) || !has_valid_checksum(first)) return std::nullopt;
  IndexHeader header;
  header.max_frame = first[kMaxFrame];
  header.page_size = page_size_of(first);
  header.db_size_pages = first[kDbSize];
  header.salt = salt_of(first[kSalt], first[kSalt + 1]);
  header.frame_checksum = {first[kFrameChecksum], first[kFrameChecksum + 1]};
  return header;
}

WalIndex::Glance WalIndex::glance() const noexcept {
  Word* header = first_region_;
  return {load(header + kMaxFrame), load(header + kChangeCounter),
          salt_of(load(header + kSalt), load(header + kSalt + 1))};
}

std::uint32_t WalIndex::backfilled_frames() const noexcept { return load(first_region_ + kBackfilled); }

std::uint32_t WalIndex::read_mark(WalLock read_slot) const noexcept {
  LSHOST_ASSERT(read_slot >= WalLock::read0);
  return load(first_region_ + kReadMarks + slot_of(read_slot) - slot_of(WalLock::read0));
}

std::uint32_t WalIndex::page_of_frame(std::uint32_t frame) {
  LSHOST_ASSERT(frame > 0);
  const std::size_t word = kFirstPageNumber + frame - 1;
  return load(region(word / kFramesPerRegion) + word % kFramesPerRegion);
}

bool WalIndex::try_lock_shared(WalLock lock) { return try_lock(lock, Held::shared); }

bool WalIndex::try_lock_exclusive(WalLock lock) { return try_lock(lock, Held::exclusive); }

bool WalIndex::try_lock(WalLock lock, Held how) {
  LSHOST_ASSERT(!holds(lock));
  const int flags = SQLITE_SHM_LOCK | (how == Held::exclusive ? SQLITE_SHM_EXCLUSIVE : SQLITE_SHM_SHARED);
  const int code = file_->pMethods->xShmLock(file_, static_cast<int>(lock), 1, flags);
  if ((code & 0xff) == SQLITE_BUSY) return false;
  if (code != SQLITE_OK) {
    throw Error(ErrorCode::transient, std::string("wal-index: lock: ") + sqlite3_errstr(code));
  }
  held_[slot_of(lock)] = how;
  return true;
}

void WalIndex::unlock(WalLock lock) noexcept {
  LSHOST_ASSERT(holds(lock));
  const bool exclusive = held_[slot_of(lock)] == Held::exclusive;
  const int flags = SQLITE_SHM_UNLOCK | (exclusive ? SQLITE_SHM_EXCLUSIVE : SQLITE_SHM_SHARED);
  // An unlock fails only where the whole lock service has failed; there is nothing left to hold on to.
  (void)file_->pMethods->xShmLock(file_, static_cast<int>(lock), 1, flags);
  held_[slot_of(lock)] = Held::no;
}

bool WalIndex::holds(WalLock lock) const noexcept { return held_[slot_of(lock)] != Held::no; }

/// Regions are made by writers, before they publish a frame in them; a reader never extends. A mapped region stays
/// where it is until the connection closes.
Word* WalIndex::region(std::size_t number) {
  void volatile* mapped = nullptr;
  const int code = file_->pMethods->xShmMap(file_, static_cast<int>(number), kRegionSize, /*extend=*/0, &mapped);
  if (code != SQLITE_OK || mapped == nullptr) {
    throw Error(ErrorCode::transient, "wal-index: region " + std::to_string(number) + " can not be mapped: " +
                                          (code == SQLITE_OK ? "it is not there yet" : sqlite3_errstr(code)));
  }
  return static_cast<Word*>(mapped);
}

}  // namespace lshost::sqlite
