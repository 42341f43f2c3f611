#pragma once
// Gives a restored database its final name, so that a crash leaves the old database or the new one, never a mixture.

#include <string>

#include "os/fs.hpp"

namespace lshost::replica {

/// Throws Error{invalid} with the reason if a database may not be put at `output`: something lies there, or a -wal or
/// -journal that belongs to another database does, and `force` is not set; it is not a file, but a link, say; its
/// folder is missing; or some process has it open, force or not.
void check_output(os::Fs& fs, const std::string& output, bool force);

/// Renames `restored`, which is whole and synced and in the same directory, to `output`. On return that is durable.
///
/// A database that is replaced is first brought to rest: SQLite rolls its journal back, or checkpoints its WAL, so that
/// it is complete without them. Only then do -wal, -shm and -journal go, durably, and only then does the new file get
/// the name. A new database is therefore never seen beside an old log, which SQLite would replay into it. If the old
/// one is too damaged to be brought to rest, its log goes all the same: that is what `force` asked for.
///
/// Throws Error{denied} where a stranger's log has appeared beside the new database, in a folder that others can write
/// to.
void publish_database(os::Fs& fs, const std::string& restored, const std::string& output, bool force);

}  // namespace lshost::replica
