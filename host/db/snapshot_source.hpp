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
#include "os/shared_flag.hpp"

namespace lshost::db {

/// The database's pages under an image, for as long as they stay what they are.
class SnapshotPages {
 public:
  virtual ~SnapshotPages() = default;
  /// Throws Error{gone} once the image was taken back.
  virtual void read(std::uint64_t offset, MutableByteSpan into) = 0;
  [[nodiscard]] virtual bool is_revoked() = 0;
};

/// Keeps a snapshot's right to read the database. Taken back when the host detaches or must let the log go on; void,
/// without anybody's waiting, from when the guard lets go.
/// Threads: read from the stream's thread, revoke from the database's thread; revoke waits for a read or a lend that is
/// going on.
class SnapshotPin final : public SnapshotPages {
 public:
  explicit SnapshotPin(Attachment& attachment) : attachment_(&attachment) {}
  void read(std::uint64_t offset, MutableByteSpan into) override;
  void revoke();
  [[nodiscard]] bool is_revoked() override;
  /// Calls `use` with the database's descriptor and a flag that revoke() sets before it returns, and the guard before
  /// it lets go. Throws Error{gone} after either.
  void lend(const std::function<void(int database, const os::SharedFlag& revoked)>& use);

 private:
  std::mutex mutex_;
  Attachment* attachment_;
  std::shared_ptr<os::SharedFlag> flag_;  // once it was lent
};

/// The same in another process: the database's descriptor and the flag, as they were lent.
class LentPages final : public SnapshotPages {
 public:
  LentPages(std::unique_ptr<os::ReadableFile> database, os::SharedFlag revoked)
      : database_(std::move(database)), revoked_(std::move(revoked)) {}
  void read(std::uint64_t offset, MutableByteSpan into) override;
  [[nodiscard]] bool is_revoked() override { return revoked_.is_set(); }

 private:
  std::unique_ptr<os::ReadableFile> database_;
  os::SharedFlag revoked_;
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

/// Streams the image of a grant; the pages that are not in the shadow WAL come from `pages`. `release` is called once,
/// when the stream goes.
/// Cost: the frame headers of the index are read at the first read; memory 8 bytes a frame of it.
class SnapshotStream final : public ByteStream {
 public:
  SnapshotStream(SnapshotGrant grant, std::shared_ptr<SnapshotPages> pages, std::function<void()> release);
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
  std::shared_ptr<SnapshotPages> pages_;
  std::function<void()> release_;
  bool has_overlay_ = false;
  std::vector<Overlay> overlays_;  // by page, one each
  std::size_t next_overlay_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t size_;
};

}  // namespace lshost::db
