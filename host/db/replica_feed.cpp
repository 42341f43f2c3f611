#include "db/replica_feed.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "db/run_stream.hpp"

namespace lshost::db {

ReplicaFeed::ReplicaFeed(std::string replica, os::Fs& fs, ShadowCatalog& catalog, FeedOwner& owner,
                         std::function<void(ReplicaFeed*)> on_destroy)
    : replica_(std::move(replica)), fs_(fs), catalog_(catalog), owner_(owner), on_destroy_(std::move(on_destroy)) {}

ReplicaFeed::~ReplicaFeed() {
  catalog_.set_listener(this, nullptr);
  on_destroy_(this);
}

std::optional<FeedStatus> ReplicaFeed::status() const { return catalog_.status(); }

std::variant<WalRun, Feed::Miss> ReplicaFeed::open_wal(const Position& from) {
  if (!owner_.is_ours(replica_, from)) return Miss::gone;
  auto found = catalog_.find(from);
  if (const auto* miss = std::get_if<Miss>(&found)) {
    if (*miss == Miss::gone) owner_.replica_is_ahead();
    return *miss;
  }
  auto& run = std::get<ShadowRun>(found);
  std::unique_ptr<os::ReadableFile> file;
  try {
    file = fs_.open_read("feed.open", run.path);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::not_found) return Miss::gone;  // trimmed since
    throw;
  }
  auto bytes = std::make_unique<RunStream>(std::move(file), run.start.offset, run.end.offset);
  return WalRun{run.start, run.end, run.page_size, run.commit_ns, run.index_complete, std::move(bytes)};
}

std::optional<SnapshotImage> ReplicaFeed::open_snapshot() {
  auto grant = owner_.grant_snapshot();
  if (!grant) return std::nullopt;
  owner_.begins_anew(replica_);
  {
    MutexLock lock(mutex_);
    hold_ = {grant->position.generation, grant->position.index, 0};
  }
  SnapshotImage image{grant->position, grant->page_size, std::uint64_t{grant->page_size} * grant->db_size_pages,
                      grant->created_ns, nullptr};
  auto pin = grant->pin;
  image.lend_files = [pin, shadow = grant->shadow, frames = grant->shadow_frames](const auto& use) {
    pin->lend([&](int database, const os::SharedFlag& revoked) {
      use({database, shadow ? shadow->descriptor() : -1, frames, revoked.descriptor()});
    });
  };
  image.bytes = std::make_unique<SnapshotStream>(std::move(*grant), pin, [this, pin] { owner_.release_snapshot(pin); });
  return image;
}

Feed::Waited ReplicaFeed::wait(const Position& seen, std::optional<std::chrono::nanoseconds> timeout,
                               const std::stop_token& stop) {
  return catalog_.wait([&](const Position& tip) { return snapshot_due_.load() || (!tip.is_none() && tip != seen); },
                       timeout, stop);
}

int ReplicaFeed::event_descriptor() {
  int fd;
  {
    MutexLock lock(mutex_);
    if (event_) return event_.get();
    event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    fd = event_.get();
  }
  if (fd >= 0) catalog_.set_listener(this, [fd] { (void)::eventfd_write(fd, 1); });
  return fd;
}

bool ReplicaFeed::snapshot_due() const { return snapshot_due_.load(); }

void ReplicaFeed::set_snapshot_due(bool due) {
  if (snapshot_due_.exchange(due) != due && due) catalog_.poke();
}

void ReplicaFeed::report_durable(const Position& position) {
  if (!owner_.is_ours(replica_, position)) return;
  bool index_changed;
  {
    MutexLock lock(mutex_);
    index_changed = hold_.generation != position.generation || hold_.index != position.index;
    durable_ = position;
    hold_ = position;
  }
  if (index_changed) owner_.hold_changed();
}

Position ReplicaFeed::durable() const {
  MutexLock lock(mutex_);
  return durable_;
}

std::uint64_t ReplicaFeed::held_index(const std::string& generation) const {
  MutexLock lock(mutex_);
  return hold_.generation == generation ? hold_.index : 0;
}

}  // namespace lshost::db
