#include "db/snapshot_source.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

void SnapshotPin::read(std::uint64_t offset, MutableByteSpan into) {
  std::lock_guard lock(mutex_);
  if (attachment_ == nullptr) throw Error(ErrorCode::gone, "the snapshot was taken back");
  attachment_->read_database(offset, into);
  if (attachment_->guard().has_let_go()) throw Error(ErrorCode::gone, "the log was let go under the snapshot");
}

void SnapshotPin::revoke() {
  std::lock_guard lock(mutex_);
  attachment_ = nullptr;
  if (flag_) flag_->set();
}

bool SnapshotPin::is_revoked() {
  std::lock_guard lock(mutex_);
  return attachment_ == nullptr || attachment_->guard().has_let_go();
}

void SnapshotPin::lend(const std::function<void(int database, const os::SharedFlag& revoked)>& use) {
  std::lock_guard lock(mutex_);
  if (attachment_ == nullptr) throw Error(ErrorCode::gone, "the snapshot was taken back");
  if (!flag_) {
    auto flag = std::make_shared<os::SharedFlag>();
    attachment_->guard().set_when_let_go(flag);
    flag_ = std::move(flag);
  }
  use(attachment_->database_descriptor(), *flag_);
}

void LentPages::read(std::uint64_t offset, MutableByteSpan into) {
  const std::size_t got = database_->read_at("snapshot.read", offset, into);
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(got), into.end(), std::byte{0});
  // Only after the read: what was read before the flag was set was read before anything could change.
  if (revoked_.is_set()) throw Error(ErrorCode::gone, "the snapshot was taken back");
}

SnapshotStream::SnapshotStream(SnapshotGrant grant, std::shared_ptr<SnapshotPages> pages, std::function<void()> release)
    : grant_(std::move(grant)),
      pages_(std::move(pages)),
      release_(std::move(release)),
      size_(std::uint64_t{grant_.page_size} * grant_.db_size_pages) {}

SnapshotStream::~SnapshotStream() { release_(); }

void SnapshotStream::read_overlay() {
  if (has_overlay_) return;
  overlays_.clear();
  std::vector<Overlay> all;
  all.reserve(grant_.shadow_frames);
  std::array<std::byte, 4> page;
  for (std::uint64_t frame = 1; frame <= grant_.shadow_frames; ++frame) {
    if (grant_.shadow->read_at("snapshot.overlay", wal::frames_end(frame - 1, grant_.page_size), page) != page.size()) {
      throw Error(ErrorCode::corrupt, "snapshot: the shadow WAL ends before frame " + std::to_string(frame));
    }
    all.push_back({wal::load32(page.data()), static_cast<std::uint32_t>(frame)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Overlay& a, const Overlay& b) { return a.page < b.page; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_last_version = i + 1 == all.size() || all[i + 1].page != all[i].page;
    if (is_last_version && all[i].page <= grant_.db_size_pages) overlays_.push_back(all[i]);
  }
  has_overlay_ = true;  // only now: without all of it the image would be of two times
}

std::size_t SnapshotStream::read(MutableByteSpan into) {
  if (pages_->is_revoked()) throw Error(ErrorCode::gone, "the snapshot was taken back");
  read_overlay();
  std::size_t done = 0;
  while (done < into.size() && at_ < size_) {
    const MutableByteSpan rest = into.subspan(done);
    const std::uint64_t page = at_ / grant_.page_size + 1;
    std::size_t got;
    if (next_overlay_ < overlays_.size() && overlays_[next_overlay_].page == page) {
      got = read_from_shadow(overlays_[next_overlay_], rest);
    } else {
      const std::uint64_t run_end = next_overlay_ < overlays_.size()
                                        ? (overlays_[next_overlay_].page - 1) * std::uint64_t{grant_.page_size}
                                        : size_;
      got = static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), run_end - at_));
      pages_->read(at_, rest.first(got));
    }
    at_ += got;
    done += got;
    if (next_overlay_ < overlays_.size() && at_ >= overlays_[next_overlay_].page * std::uint64_t{grant_.page_size}) {
      ++next_overlay_;
    }
  }
  return done;
}

std::size_t SnapshotStream::read_from_shadow(const Overlay& overlay, MutableByteSpan into) {
  const std::uint64_t within = at_ % grant_.page_size;
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), grant_.page_size - within));
  const std::uint64_t frame_at = wal::frames_end(overlay.frame - 1, grant_.page_size);
  const std::size_t got =
      grant_.shadow->read_at("snapshot.read", frame_at + wal::kFrameHeaderSize + within, into.first(want));
  if (got != want) throw Error(ErrorCode::corrupt, "snapshot: the shadow WAL was cut");
  return got;
}

}  // namespace lshost::db
