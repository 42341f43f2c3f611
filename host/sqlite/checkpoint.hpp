#pragma once
// One sqlite3_wal_checkpoint_v2, its outcome and its three numbers named.

#include <cstdint>
#include <functional>

namespace lshost::sqlite {

class Connection;

enum class CheckpointMode { passive, restart, truncate };

struct CheckpointResult {
  bool busy = false;                      ///< it could not do all it was asked to
  std::uint32_t log_frames = 0;           ///< frames in the log
  std::uint32_t checkpointed_frames = 0;  ///< of these, moved into the database
};

/// Runs one checkpoint. SQLITE_BUSY is an outcome (`busy`), not an error: the CKPT lock is taken without the
/// busy handler, so somebody else's checkpoint makes ours busy at once.
/// `while_waiting`, if given, is called each time SQLite waits for a lock (for writers, for readers with old marks,
/// and in restart and truncate mode for the read slots); true: wait on, false: give up. It runs while SQLite may hold
/// the checkpoint and the write lock, so it must be short and must not throw.
/// Throws Error on anything but busy.
CheckpointResult checkpoint(Connection& connection, CheckpointMode mode,
                            const std::function<bool(int calls)>& while_waiting = {});

}  // namespace lshost::sqlite
