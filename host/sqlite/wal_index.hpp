#pragma once
// SQLite's shared memory beside a WAL (the wal-index), seen and locked from outside SQLite.
//
// Layout and locks: https://www.sqlite.org/walformat.html, unchanged since 2010. This is the commit horizon:
// what mxFrame covers is committed, what lies behind it in the file is not, however valid it looks.

#include <array>
#include <cstdint>
#include <optional>

#include "lshost/wal.hpp"

struct sqlite3;
struct sqlite3_file;

namespace lshost::sqlite {

/// The header of the wal-index at one moment, both copies equal and the checksum right.
struct IndexHeader {
  std::uint32_t max_frame = 0;      ///< frames 1..max_frame are committed; 0: the log is empty
  std::uint32_t page_size = 0;      ///< bytes
  std::uint32_t db_size_pages = 0;  ///< of the database as of max_frame
  wal::Salt salt;                   ///< of the frames; differs from the file's until the first frame after a restart
  wal::Checksum frame_checksum;     ///< of frame max_frame
  bool operator==(const IndexHeader&) const = default;
};

/// The lock bytes, by SQLite's numbering.
enum class WalLock : int {
  write = 0,
  checkpoint = 1,
  recover = 2,
  read0 = 3,
  read1 = 4,
  read2 = 5,
  read3 = 6,
  read4 = 7
};

/// Value of a read mark that nobody uses; who holds such a slot is a reader with an infinite mark.
inline constexpr std::uint32_t kReadMarkNotUsed = 0xffffffff;

/// The mapped wal-index of one connection, and locks taken in its name.
///
/// The connection must run no transaction while locks are held here, and have read once (Connection::read_once),
/// in WAL mode. Ownership: borrows the connection, which must outlive this. Locks still held are released by the
/// destructor. A lock is taken once at a time: asking for a held one asserts, because SQLite versions disagree.
/// Threads: locks and holds() from one thread at a time, page_of_frame from one, which may be another; the const
/// queries else from any thread.
class WalIndex {
 public:
  /// Throws Error{unsupported} if the VFS has no shared memory, Error{transient} if the connection is not in WAL
  /// mode or has not read yet.
  explicit WalIndex(sqlite3* connection);
  ~WalIndex();
  WalIndex(const WalIndex&) = delete;
  WalIndex& operator=(const WalIndex&) = delete;

  /// nullopt: it is being written, or its writer died in the middle; look again. Cost: tens of nanoseconds.
  [[nodiscard]] std::optional<IndexHeader> try_read_header() const noexcept;
  /// max_frame and salt without checks, to see cheaply whether anything changed. May be torn: a hint.
  struct Glance {
    std::uint32_t max_frame;
    std::uint32_t change_counter;
    wal::Salt salt;
    bool operator==(const Glance&) const = default;
  };
  [[nodiscard]] Glance glance() const noexcept;

  [[nodiscard]] std::uint32_t backfilled_frames() const noexcept;           ///< nBackfill
  [[nodiscard]] std::uint32_t read_mark(WalLock read_slot) const noexcept;  ///< REQUIRES: read0..read4

  /// The page number the index has for frame `frame` (from 1). REQUIRES: 1 <= frame <= max_frame.
  /// Throws Error{transient} if that part of the index can not be mapped.
  [[nodiscard]] std::uint32_t page_of_frame(std::uint32_t frame);

  /// False: somebody else holds it in a way that excludes ours. Never waits.
  /// Throws Error{transient} on other failures.
  [[nodiscard]] bool try_lock_shared(WalLock lock);
  [[nodiscard]] bool try_lock_exclusive(WalLock lock);
  void unlock(WalLock lock) noexcept;  ///< REQUIRES: held
  [[nodiscard]] bool holds(WalLock lock) const noexcept;

 private:
  enum class Held : std::uint8_t { no, shared, exclusive };
  [[nodiscard]] const volatile std::uint32_t* region(std::size_t number);
  [[nodiscard]] bool try_lock(WalLock lock, Held how);

  sqlite3_file* file_;  ///< of the database, borrowed from the connection
  const volatile std::uint32_t* first_region_;
  std::array<Held, 8> held_{};
};

}  // namespace lshost::sqlite
