#pragma once
// What one replica gets from its database: positions, WAL, snapshots, and waiting for more.
//
// The replica side (plugin services, engines) knows a database only through this. It never sees a path of the live
// database. Each replica has a feed of its own, because what a replica has made durable decides what may be deleted.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <variant>

#include "base/byte_stream.hpp"
#include "base/clock.hpp"
#include "db/position.hpp"

namespace lshost::db {

struct FeedStatus {
  std::uint32_t page_size = 0;  ///< bytes; 0: not known yet
  Position oldest;              ///< the first position that open_wal still serves
  Position tip;                 ///< the end of what is committed, captured and safe to replicate
};

/// WAL bytes [start, end): one index, ending behind a commit frame.
struct WalRun {
  Position start;
  Position end;
  std::uint32_t page_size = 0;
  UnixNanos commit_ns = 0;      ///< every transaction of the run was committed by then, and after the run before it
  bool index_complete = false;  ///< no byte will ever follow `end` in this index
  std::unique_ptr<ByteStream> bytes;
};

/// Where the bytes of an image lie, for a reader in another process. All descriptors are borrowed.
struct SnapshotFiles {
  int database = -1;
  int shadow = -1;                  ///< of the image's index; -1: there are no frames of it in the image
  std::uint64_t shadow_frames = 0;  ///< from the first on, that belong to the image
  int revoked = -1;                 ///< an os::SharedFlag: once it is set, what was read from the database is void
};

/// The whole database as of `position`. Checkpoints are held back while `bytes` lives.
struct SnapshotImage {
  Position position;
  std::uint32_t page_size = 0;
  std::uint64_t size_bytes = 0;
  UnixNanos created_ns = 0;
  std::unique_ptr<ByteStream> bytes;
  /// Calls back with the files, which can not go away before the call returns: it must be short. Throws Error{gone} if
  /// the image was taken back. Empty where the bytes lie in no files. REQUIRES: `bytes` lives.
  std::function<void(const std::function<void(const SnapshotFiles&)>&)> lend_files = {};
};

/// Thread-safe. Must be destroyed before its database; streams that it gave must be destroyed before it.
class Feed {
 public:
  enum class Miss {
    at_tip,  ///< nothing more yet
    gone,    ///< not here any more, never was, or of another generation: a snapshot is needed
  };
  enum class Waited { changed, timeout, stopped };

  virtual ~Feed() = default;

  /// nullopt: no generation yet. Never blocks.
  [[nodiscard]] virtual std::optional<FeedStatus> status() const = 0;

  /// The run of WAL that begins at `from`; when all of an index was read, the start of the next one.
  [[nodiscard]] virtual std::variant<WalRun, Miss> open_wal(const Position& from) = 0;

  /// nullopt: no generation yet. From now on the WAL from offset 0 of the image's index is kept for this replica.
  [[nodiscard]] virtual std::optional<SnapshotImage> open_snapshot() = 0;

  /// Waits until the tip differs from `seen` (none: until there is one) or a snapshot is due. No timeout: no limit.
  [[nodiscard]] virtual Waited wait(const Position& seen, std::optional<std::chrono::nanoseconds> timeout,
                                    const std::stop_token& stop) = 0;
  /// An eventfd: readable after each new tip and each due snapshot; who reads it clears it, and who writes to it wakes
  /// its readers. Borrowed; -1: none. Made at the first call.
  [[nodiscard]] virtual int event_descriptor() = 0;

  [[nodiscard]] virtual bool snapshot_due() const = 0;
  /// The scheduler's wish; wakes wait().
  virtual void set_snapshot_due(bool due) = 0;

  /// The replica's promise: all before `position` is durable at the destination. Frees shadow WAL.
  virtual void report_durable(const Position& position) = 0;
  /// none: nothing reported yet.
  [[nodiscard]] virtual Position durable() const = 0;
};

}  // namespace lshost::db
