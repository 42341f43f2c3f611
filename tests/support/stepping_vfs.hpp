#pragma once
// A VFS of SQLite that does what the system's does, and can be told to stop before one step of it, or to fail it.

#include <functional>
#include <string>

namespace lshost::test {

/// Called before the step with its name; SQLITE_OK: go on, else what SQLite is told instead. The steps:
///   db.open db.read db.write db.sync db.truncate db.size db.lock   of the database
///   db.unfetch                         SQLite calls it after it has read a new header of the wal-index and before it
///                                      uses it; it can not fail
///   wal.open wal.read wal.write wal.sync wal.truncate wal.size     of the log
///   shm.map                            a part of the wal-index
///   shm.barrier                        between the two copies of the wal-index's header; it can not fail
///   shm.shared.N shm.exclusive.N       of lock byte N, the first of a range
///   shm.unlock.N                       it can not fail
using StepHook = std::function<int(const std::string& step)>;

/// Makes that VFS the default one. Threads: `hook` is called from any.
/// REQUIRES: no connection is open, here and at the end.
void install_stepping_vfs(StepHook hook);
/// The system's own is the default one again.
void uninstall_stepping_vfs();

/// From now on SQLite's waits take no time. What it does after the last wait, it does at once.
void skip_sleeps();

}  // namespace lshost::test
