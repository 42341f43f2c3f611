#pragma once
// One snapshot on its way to the destination.

#include <cstdint>

#include <lshost/replicator.hpp>

#include "buffer.hpp"
#include "disk.hpp"
#include "layout.hpp"
#include "snapshot_info.hpp"
#include "xxh3.hpp"

namespace lshost::file {

/// Copies the host's image to "<index>.snapshot.tmp" piece by piece, so that WAL can be shipped in between, and gives
/// it its name when all of it is durable. Dropped before publish(), it removes what it wrote.
///
/// Threads: one at a time. Errors: Error, Cancelled; Gone if the host took the stream back.
class SnapshotFile {
 public:
  SnapshotFile(const Disk& disk, const Layout& layout, Snapshot image);
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  /// Copies the next few MiB. False: that was all; the stream is closed and the file is durable under its ".tmp".
  [[nodiscard]] bool copy_some();
  /// Description first, then the image's name: a snapshot that can be seen can be checked.
  /// REQUIRES: copy_some() returned false.
  void publish();

  [[nodiscard]] const Position& position() const noexcept { return image_.position; }
  [[nodiscard]] const SnapshotInfo& info() const noexcept { return info_; }

 private:
  void finish();

  const Disk* disk_;
  Layout layout_;
  Snapshot image_;
  SnapshotInfo info_;
  std::string path_;
  OutFile file_;
  Buffer buffer_;
  Xxh3Stream hash_;
  bool published_ = false;
};

/// Writes a whole small file so that a crash leaves the old content or the new; durable on return.
void publish(const Disk& disk, const std::string& path, std::string_view content);

}  // namespace lshost::file
