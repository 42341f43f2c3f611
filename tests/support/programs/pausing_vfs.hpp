#pragma once
// A VFS of SQLite that does what the system's does, and can be told to stop before one step of it.

#include <functional>
#include <string>

namespace lshost::test {

/// Called before the step with its name. The steps:
///   db.write db.sync db.truncate db.unfetch    of the database (SQLite calls unfetch after it has read a new
///                                              header of the wal-index and before it uses it)
///   wal.write wal.sync wal.truncate            of the log
///   shm.barrier                                between the two copies of the wal-index's header
///   shm.shared.N shm.exclusive.N shm.unlock.N  of lock byte N, the first of a range
using StepHook = std::function<void(const std::string& step)>;

/// Makes that VFS the default one. Once, before the first connection.
void install_pausing_vfs(StepHook hook);

/// From now on SQLite's waits take no time. What it does after the last wait, it does at once.
void skip_sleeps();

}  // namespace lshost::test
