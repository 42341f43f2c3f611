#include "db/snapshot_desk.hpp"

#include <array>
#include <chrono>

#include "base/error.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

namespace {

constexpr std::chrono::seconds kFreezePatience(5);

}  // namespace

SnapshotDesk::SnapshotDesk(Attachment& attachment, History& history, const Clock& clock)
    : attachment_(attachment), history_(history), clock_(clock) {}

SnapshotDesk::~SnapshotDesk() { revoke_all(); }

SnapshotGrant SnapshotDesk::grant() {
  freeze();
  try {
    // The position of the image is the end of what is captured; frames that come after it do not touch the file.
    // All that is backfilled must be captured, or the file would be ahead of the position.
    history_.capture_committed();
    SnapshotGrant grant = describe();
    grant.pin = std::make_shared<SnapshotPin>(attachment_);
    pins_.push_back(grant.pin);
    return grant;
  } catch (...) {
    attachment_.guard().unfreeze();
    throw;
  }
}

void SnapshotDesk::freeze() {
  const auto deadline = clock_.steady_now() + kFreezePatience;
  while (!attachment_.guard().try_freeze()) {
    if (clock_.steady_now() >= deadline)
      throw Error(ErrorCode::transient, "snapshot: another process keeps checkpointing");
    pause_for(std::chrono::milliseconds(1));
  }
}

SnapshotGrant SnapshotDesk::describe() const {
  const ShadowWal& shadow = history_.shadow();
  const std::uint64_t frames = shadow.published_frames();
  const std::uint32_t page_size = shadow.end() ? shadow.end()->header.page_size : attachment_.header_page_size();
  if (!wal::is_page_size(page_size)) throw Error(ErrorCode::corrupt, "snapshot: the database has no valid header");
  SnapshotGrant grant;
  grant.position = shadow.tip();
  grant.page_size = page_size;
  grant.created_ns = clock_.unix_now();
  grant.shadow_frames = frames;
  if (frames > 0) {
    grant.shadow = shadow.open_current();
    std::array<std::byte, wal::kFrameHeaderSize> bytes;
    if (grant.shadow->read_at("snapshot.open", wal::frames_end(frames - 1, page_size), bytes) != bytes.size()) {
      throw Error(ErrorCode::corrupt, "snapshot: the shadow WAL was cut");
    }
    grant.db_size_pages = wal::parse_frame_header(bytes.data()).db_size_pages;
  } else {
    grant.db_size_pages = static_cast<std::uint32_t>(attachment_.database_size() / page_size);
  }
  return grant;
}

void SnapshotDesk::release(const std::shared_ptr<SnapshotPin>& pin) noexcept {
  if (std::erase(pins_, pin) > 0) attachment_.guard().unfreeze();
}

void SnapshotDesk::revoke_all() noexcept {
  for (const auto& pin : pins_) {
    pin->revoke();
    attachment_.guard().unfreeze();
  }
  pins_.clear();
}

}  // namespace lshost::db
