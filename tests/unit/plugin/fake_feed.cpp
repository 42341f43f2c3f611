#include "unit/plugin/fake_feed.hpp"

namespace lshost::test {

std::optional<db::FeedStatus> FakeFeed::status() const {
  const MutexLock lock(mutex_);
  if (!has_generation_) return std::nullopt;
  db::FeedStatus status;
  status.page_size = 4096;
  status.oldest.generation = kFakeGeneration;
  status.tip = tip();
  return status;
}

std::variant<db::WalRun, db::Feed::Miss> FakeFeed::open_wal(const db::Position& from) {
  const MutexLock lock(mutex_);
  if (error_) throw Error(*error_);
  if (!has_generation_ || from.generation != kFakeGeneration || from.index != 0 || from.offset > wal_.size())
    return Miss::gone;
  if (from.offset == wal_.size()) return Miss::at_tip;
  return db::WalRun{from, tip(), 4096, 1234, false, std::make_unique<TextStream>(wal_.substr(from.offset), open_)};
}

std::optional<db::SnapshotImage> FakeFeed::open_snapshot() {
  const MutexLock lock(mutex_);
  if (!has_generation_) return std::nullopt;
  db::SnapshotImage image;
  image.position.generation = kFakeGeneration;
  image.page_size = 4096;
  image.size_bytes = 5;
  image.created_ns = 4321;
  image.bytes = std::make_unique<TextStream>("image", open_);
  return image;
}

db::Feed::Waited FakeFeed::wait(const db::Position& seen, std::optional<std::chrono::nanoseconds> timeout,
                                const std::stop_token& stop) {
  MutexLock lock(mutex_);
  const auto is_new = [&]() LSHOST_REQUIRES(mutex_) { return due_ || (has_generation_ && !(tip() == seen)); };
  const bool changed = timeout ? changed_.wait_for(lock, stop, *timeout, is_new) : changed_.wait(lock, stop, is_new);
  if (stop.stop_requested()) return Waited::stopped;
  return changed ? Waited::changed : Waited::timeout;
}

bool FakeFeed::snapshot_due() const {
  const MutexLock lock(mutex_);
  return due_;
}

void FakeFeed::set_snapshot_due(bool due) {
  const MutexLock lock(mutex_);
  due_ = due;
  wake();
}

void FakeFeed::report_durable(const db::Position& position) {
  const MutexLock lock(mutex_);
  reported_.push_back(position);
  changed_.notify_all();
}

db::Position FakeFeed::durable() const {
  const MutexLock lock(mutex_);
  return reported_.empty() ? db::Position{} : reported_.back();
}

}  // namespace lshost::test
