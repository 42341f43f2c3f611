// The locks of a process go when any descriptor of the file is closed, and those of an open file description do not.

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>

#include "base/unique_fd.hpp"
#include "support/file_locks.hpp"
#include "support/sides.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::WalLock;

namespace {

constexpr off_t kSharedByteOfDatabase = 0x40000002;  // the first of SQLite's shared range

/// A shared lock that belongs to the descriptor's open file description.
bool lock_shared_by_description(int fd, off_t byte) {
  struct flock lock{};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

TEST_CASE("a connection in WAL mode holds a lock on the database and one on the -shm, none on the log",
          "[facts][locks]") {
  AppSide side;
  HostSide host(side.path);
  CHECK(lock_count(side.path, ::getpid()) == 1);
  CHECK(lock_count(side.shm_path, ::getpid()) == 1);
  CHECK(locks_on(side.wal_path).empty());
}

TEST_CASE("opening and closing the database drops all locks of the process on it", "[facts][locks]") {
  AppSide side;
  side.app.exec("INSERT INTO t VALUES(1)");
  REQUIRE(lock_count(side.path, side.app.pid()) == 1);
  side.app.touch(side.path);
  CHECK(lock_count(side.path, side.app.pid()) == 0);

  // What protected it is gone: another process may delete the log under it. Newer libraries look for the lock of an
  // open -shm as well, and notice; until that goes in the same way.
  auto other = side.another();
  if (other.code_of("PRAGMA journal_mode=DELETE") == SQLITE_BUSY) {
    WARN("SQLite " << sqlite3_libversion() << " takes an open -shm for a connection");
    side.app.touch(side.shm_path);
  }
  CHECK(other.query("PRAGMA journal_mode=DELETE") == "delete");
  CHECK_FALSE(std::filesystem::exists(side.wal_path));
}

TEST_CASE("opening and closing the -shm drops all locks of the process on it", "[facts][locks]") {
  AppSide side;
  side.app.exec("BEGIN; SELECT * FROM t");
  REQUIRE(lock_count(side.shm_path, side.app.pid()) == 2);  // its read slot, and the file's own
  side.app.touch(side.shm_path);
  CHECK(lock_count(side.shm_path, side.app.pid()) == 0);
}

TEST_CASE("opening and closing the log drops nothing", "[facts][locks]") {
  AppSide side;
  side.app.exec("BEGIN; SELECT * FROM t");
  const auto before = locks_on(side.shm_path).size();
  side.app.touch(side.wal_path);
  CHECK(locks_on(side.shm_path).size() == before);
  CHECK(lock_count(side.path, side.app.pid()) == 1);
}

TEST_CASE("the database can be read through the connection's own file, and keeps its locks", "[facts][locks]") {
  AppSide side;
  HostSide host(side.path);
  sqlite3_file* file = nullptr;
  REQUIRE(sqlite3_file_control(host.connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK);
  std::array<char, 16> magic{};
  REQUIRE(file->pMethods->xRead(file, magic.data(), static_cast<int>(magic.size()), 0) == SQLITE_OK);
  CHECK(std::string(magic.data()) == "SQLite format 3");
  CHECK(lock_count(side.path, ::getpid()) == 1);
}

TEST_CASE("locks of an open file description outlive the process's connections, and hold as state A does",
          "[facts][locks]") {
  AppSide side;
  UniqueFd shm;
  UniqueFd database;
  {
    HostSide host(side.path);
    REQUIRE(host.index.try_lock_shared(WalLock::read4));
    shm = UniqueFd(::open(side.shm_path.c_str(), O_RDWR | O_CLOEXEC));
    database = UniqueFd(::open(side.path.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(lock_shared_by_description(shm.get(), 127));  // READ4
    REQUIRE(lock_shared_by_description(shm.get(), 128));  // that somebody has the -shm open
    REQUIRE(lock_shared_by_description(database.get(), kSharedByteOfDatabase));
  }
  // The host has closed its connection, and every lock of its process is gone.
  CHECK(lock_count(side.shm_path, ::getpid()) == 0);
  side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "1|3|3");
  CHECK((side.app.code_of("PRAGMA journal_mode=DELETE") & 0xff) == SQLITE_BUSY);
  side.app.close();
  CHECK(std::filesystem::file_size(side.wal_path) > 0);

  // A successor finds everything as it was, and takes over.
  HostSide successor(side.path);
  CHECK(successor.header().max_frame == 3);
  CHECK(successor.index.try_lock_shared(WalLock::read4));
}
