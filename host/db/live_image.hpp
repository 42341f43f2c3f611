#pragma once
// The database as it is at one moment, for a process that is not its host and keeps no history of it.
//
// The same locks as a host's, for as long as the image is read: a read slot, so that the log does not restart, and
// READ0, so that the database file does not change. The application goes on; its checkpoints wait.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/byte_stream.hpp"
#include "lshost/wal.hpp"
#include "os/fs.hpp"

namespace lshost::db {

struct LiveImage {
  std::uint32_t page_size = 0;   ///< bytes
  std::uint64_t log_frames = 0;  ///< of the log, committed
  wal::Salt salt;                ///< of the log; means nothing without frames
  std::unique_ptr<ByteStream> bytes;
  /// The page that a frame of the log holds, from 1 to log_frames.
  std::function<std::uint32_t(std::uint32_t frame)> page_of_frame;
};

/// Calls `use` with the image, which is good until it returns. Throws what it throws; Error{not_found} there is no
/// database or nothing in it, {transient} it is locked, {unsupported} it is not in WAL mode, {denied} it may not be
/// written, which its locks need.
/// REQUIRES: this process has not opened the database by SQLite.
void with_live_image(os::Fs& fs, const std::string& path, const std::function<void(const LiveImage&)>& use);

}  // namespace lshost::db
