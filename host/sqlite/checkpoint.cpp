#include "sqlite/checkpoint.hpp"

#include <sqlite3.h>

#include <algorithm>

#include "base/error.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/result_code.hpp"

namespace lshost::sqlite {
namespace {

using WhileWaiting = std::function<bool(int calls)>;

int mode_number(CheckpointMode mode) noexcept {
  switch (mode) {
    case CheckpointMode::passive:
      return SQLITE_CHECKPOINT_PASSIVE;
    case CheckpointMode::restart:
      return SQLITE_CHECKPOINT_RESTART;
    case CheckpointMode::truncate:
      return SQLITE_CHECKPOINT_TRUNCATE;
  }
  return SQLITE_CHECKPOINT_PASSIVE;
}

int call_while_waiting(void* context, int calls) noexcept {
  return (*static_cast<const WhileWaiting*>(context))(calls) ? 1 : 0;
}

/// The busy handler of a connection, for a scope.
class BusyHandler {
 public:
  BusyHandler(sqlite3* db, const WhileWaiting& handler) : db_(db) {
    // SQLite keeps the pointer as void*, and gives it back to nobody but call_while_waiting.
    if (handler) (void)sqlite3_busy_handler(db_, call_while_waiting, const_cast<WhileWaiting*>(&handler));
  }
  ~BusyHandler() { (void)sqlite3_busy_handler(db_, nullptr, nullptr); }
  BusyHandler(const BusyHandler&) = delete;
  BusyHandler& operator=(const BusyHandler&) = delete;

 private:
  sqlite3* db_;
};

std::uint32_t count(int frames) noexcept { return static_cast<std::uint32_t>(std::max(frames, 0)); }

}  // namespace

CheckpointResult checkpoint(Connection& connection, CheckpointMode mode, const WhileWaiting& while_waiting) {
  sqlite3* db = connection.handle();
  const BusyHandler handler(db, while_waiting);
  int log_frames = -1;
  int checkpointed_frames = -1;
  const int code = sqlite3_wal_checkpoint_v2(db, "main", mode_number(mode), &log_frames, &checkpointed_frames);
  const bool busy = (code & 0xff) == SQLITE_BUSY;
  if (!busy) check(db, code, "checkpoint");
  if (!busy && log_frames < 0) {
    throw Error(ErrorCode::transient, "checkpoint: the database is not in WAL mode, or was never read here");
  }
  return {busy, count(log_frames), count(checkpointed_frames)};
}

}  // namespace lshost::sqlite
