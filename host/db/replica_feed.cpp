#include "db/replica_feed.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace lshost::db {

namespace {

/// A run of a shadow file, which may be removed while it is read: the descriptor keeps the bytes.
class RunStream final : public ByteStream {
 public:
  RunStream(std::unique_ptr<os::ReadableFile> file, std::uint64_t begin, std::uint64_t end)
      : file_(std::move(file)), at_(begin), end_(end) {}

  std::size_t read(MutableByteSpan into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at_));
    if (want == 0) return 0;
    const std::size_t got = file_->read_at("feed.read", at_, into.first(want));
    if (got == 0) throw Error(ErrorCode::corrupt, "feed: the shadow WAL ends early");
    at_ += got;
    return got;
  }

  std::optional<FileRange> file_range() const override {
    if (file_->descriptor() < 0) return std::nullopt;
    return FileRange{file_->descriptor(), at_, end_ - at_};
  }

 private:
  std::unique_ptr<os::ReadableFile> file_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace

ReplicaFeed::ReplicaFeed(std::string replica, os::Fs& fs, ShadowCatalog& catalog, FeedOwner& owner,
                         std::function<void(ReplicaFeed*)> on_destroy)
    : replica_(std::move(replica)), fs_(fs), catalog_(catalog), owner_(owner), on_destroy_(std::move(on_destroy)) {}

ReplicaFeed::~ReplicaFeed() {
  catalog_.set_listener(this, nullptr);
  on_destroy_(this);
}

std::optional<FeedStatus> ReplicaFeed::status() const { return catalog_.status(); }

std::variant<WalRun, Feed::Miss> ReplicaFeed::open_wal(const Position& from) {
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
  {
    MutexLock lock(mutex_);
    hold_ = {grant->position.generation, grant->position.index, 0};
  }
  SnapshotImage image{grant->position, grant->page_size, std::uint64_t{grant->page_size} * grant->db_size_pages,
                      grant->created_ns, nullptr};
  auto pin = grant->pin;
  image.bytes = std::make_unique<SnapshotStream>(std::move(*grant), [this, pin] { owner_.release_snapshot(pin); });
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
