#pragma once
// The whole database at a position, as a stream of pages, while the application goes on.
//
// The backfill is frozen (READ0) while an image is read, so the database file does not change. A page comes from the
// last of its frames in the current index's shadow WAL, and from the file if it has none there: everything before the
// current index is in the file, because a log restarts only when it is wholly backfilled.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/byte_stream.hpp"
#include "db/attachment.hpp"
#include "db/position.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// Keeps a snapshot's right to read the database. Taken back when the host detaches or must let the log go on.
/// Threads: read from the stream's thread, revoke from the database's thread; revoke waits for a read that is going on.
class SnapshotPin {
 public:
  explicit SnapshotPin(const Attachment& attachment) : attachment_(&attachment) {}
  /// Throws Error{gone} after revoke().
  void read(std::uint64_t offset, MutableByteSpan into);
  void revoke();
  [[nodiscard]] bool is_revoked();

 private:
  std::mutex mutex_;
  const Attachment* attachment_;
};

/// What the database's thread fixed for an image.
struct SnapshotGrant {
  Position position;
  std::uint32_t page_size = 0;
  std::uint32_t db_size_pages = 0;
  UnixNanos created_ns = 0;
  std::uint64_t shadow_frames = 0;           ///< of the current index that belong to the image
  std::shared_ptr<os::ReadableFile> shadow;  ///< of the current index; null if shadow_frames is 0
  std::shared_ptr<SnapshotPin> pin;
};

/// Streams the image of a grant. `release` is called once, when the stream goes.
/// Cost: the frame headers of the index are read at construction; memory 8 bytes a frame of it.
class SnapshotStream final : public ByteStream {
 public:
  SnapshotStream(SnapshotGrant grant, std::function<void()> release);
  ~SnapshotStream() override;
  [[nodiscard]] std::size_t read(MutableByteSpan into) override;

 private:
  struct Overlay {
    std::uint32_t page;
    std::uint32_t frame;  // from 1
  };
  void read_overlay();
  [[nodiscard]] std::size_t read_from_shadow(const Overlay& overlay, MutableByteSpan into);

  SnapshotGrant grant_;
  std::function<void()> release_;
  std::vector<Overlay> overlays_;  // by page, one each
  std::size_t next_overlay_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t size_;
};

}  // namespace lshost::db
