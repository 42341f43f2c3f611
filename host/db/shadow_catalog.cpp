#include "db/shadow_catalog.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "lshost/wal.hpp"

namespace lshost::db {

void ShadowCatalog::open(std::string generation, std::uint32_t page_size, std::deque<ShadowIndex> indexes) {
  LSHOST_ASSERT(!indexes.empty());
  MutexLock lock(mutex_);
  generation_ = std::move(generation);
  page_size_ = page_size;
  indexes_ = std::move(indexes);
  ahead_ = false;
  trimmed_end_ = {};
  tell(lock);
}

void ShadowCatalog::begin_index(ShadowIndex next, std::uint32_t page_size) {
  MutexLock lock(mutex_);
  LSHOST_ASSERT(!indexes_.empty());
  page_size_ = page_size;
  if (next.index == indexes_.back().index) {  // a generation's first index, which had no file until now
    LSHOST_ASSERT(indexes_.back().end_offset == 0);
    indexes_.back() = std::move(next);
    return;
  }
  LSHOST_ASSERT(next.index == indexes_.back().index + 1);
  indexes_.back().complete = true;
  indexes_.push_back(std::move(next));
  tell(lock);
}

std::optional<CommitMark> ShadowCatalog::publish(std::uint64_t end_offset, UnixNanos now) {
  MutexLock lock(mutex_);
  LSHOST_ASSERT(!indexes_.empty() && end_offset > indexes_.back().end_offset);
  indexes_.back().end_offset = end_offset;
  auto finished = indexes_.back().marks.add(end_offset, now);
  tell(lock);
  return finished;
}

std::optional<CommitMark> ShadowCatalog::last_mark() const {
  MutexLock lock(mutex_);
  return indexes_.empty() ? std::nullopt : indexes_.back().marks.last();
}

std::vector<std::string> ShadowCatalog::trim(std::uint64_t index) {
  MutexLock lock(mutex_);
  std::vector<std::string> paths;
  while (indexes_.size() > 1 && indexes_.front().index < index) {
    trimmed_end_ = {generation_, indexes_.front().index, indexes_.front().end_offset};
    paths.push_back(std::move(indexes_.front().path));
    indexes_.pop_front();
  }
  return paths;
}

std::uint64_t ShadowCatalog::first_index_within(std::uint64_t bytes_max) const {
  MutexLock lock(mutex_);
  LSHOST_ASSERT(!indexes_.empty());
  std::uint64_t sum = 0;
  for (auto index = indexes_.rbegin(); index != indexes_.rend(); ++index) {
    sum += index->end_offset;
    if (sum > bytes_max && index != indexes_.rbegin()) return std::prev(index)->index;
  }
  return indexes_.front().index;
}

bool ShadowCatalog::take_ahead() {
  MutexLock lock(mutex_);
  return std::exchange(ahead_, false);
}

void ShadowCatalog::set_ahead() {
  MutexLock lock(mutex_);
  ahead_ = true;
}

std::optional<FeedStatus> ShadowCatalog::status() const {
  MutexLock lock(mutex_);
  if (generation_.empty()) return std::nullopt;
  std::optional<FeedStatus> status(std::in_place);
  status->page_size = page_size_;
  status->oldest = Position{generation_, indexes_.front().index, 0};
  status->tip = tip_locked();
  return status;
}

std::variant<ShadowRun, Feed::Miss> ShadowCatalog::find(const Position& from) {
  MutexLock lock(mutex_);
  if (generation_.empty() || from.generation != generation_) return Feed::Miss::gone;
  if (from == trimmed_end_) return find_locked({generation_, indexes_.front().index, 0});
  return find_locked(from);
}

std::optional<std::uint64_t> ShadowCatalog::bytes_since(const Position& from) const {
  MutexLock lock(mutex_);
  if (generation_.empty() || from.generation != generation_ || order(from, tip_locked()) > 0) return std::nullopt;
  const bool is_trimmed_end = from == trimmed_end_;
  if (from.index < indexes_.front().index && !is_trimmed_end) return std::nullopt;
  std::uint64_t bytes = 0;
  for (const auto& index : indexes_) {
    if (index.index >= from.index) bytes += index.end_offset;
  }
  return is_trimmed_end ? bytes : bytes - from.offset;
}

std::variant<ShadowRun, Feed::Miss> ShadowCatalog::find_locked(const Position& from) {
  if (from.index < indexes_.front().index) return Feed::Miss::gone;
  const Position tip = tip_locked();
  if (order(from, tip) > 0) {
    ahead_ = true;
    return Feed::Miss::gone;
  }
  auto number = static_cast<std::size_t>(from.index - indexes_.front().index);
  Position start = from;
  if (start.offset == indexes_[number].end_offset && indexes_[number].complete) {
    start.offset = 0;
    ++start.index;
    ++number;
  }
  const ShadowIndex& index = indexes_[number];
  if (start.offset == index.end_offset) return Feed::Miss::at_tip;
  const bool on_boundary = start.offset == 0 || (start.offset >= wal::kHeaderSize &&
                                                 (start.offset - wal::kHeaderSize) % wal::frame_size(page_size_) == 0);
  const auto mark = index.marks.behind(start.offset);
  if (!on_boundary || start.offset > index.end_offset || !mark) return Feed::Miss::gone;
  Position end = start;
  end.offset = mark->end_offset;
  return ShadowRun{start,     end, page_size_, mark->commit_ns, index.complete && end.offset == index.end_offset,
                   index.path};
}

Feed::Waited ShadowCatalog::wait(const std::function<bool(const Position& tip)>& ready,
                                 std::optional<std::chrono::nanoseconds> timeout,
                                 const std::stop_token& stop) LSHOST_NO_TSA {
  MutexLock lock(mutex_);
  const auto is_ready = [&]() LSHOST_NO_TSA { return ready(tip_locked()); };
  Condition::Deadline deadline;
  if (timeout) deadline = std::chrono::steady_clock::now() + std::min(*timeout, kLongestWait);
  const bool changed = changed_.wait(lock, stop, deadline, is_ready);
  if (stop.stop_requested()) return Feed::Waited::stopped;
  return changed ? Feed::Waited::changed : Feed::Waited::timeout;
}

void ShadowCatalog::poke() {
  MutexLock lock(mutex_);
  tell(lock);
}

void ShadowCatalog::set_listener(const void* id, std::function<void()> listener) {
  MutexLock lock(mutex_);
  if (listener) {
    listeners_[id] = std::move(listener);
  } else {
    listeners_.erase(id);
  }
}

Position ShadowCatalog::tip_locked() const {
  if (generation_.empty()) return {};
  return {generation_, indexes_.back().index, indexes_.back().end_offset};
}

void ShadowCatalog::tell(MutexLock& lock) LSHOST_NO_TSA {
  for (const auto& [id, listener] : listeners_) listener();
  lock.unlock();  // first: whoever wakes takes it
  changed_.notify_all();
}

}  // namespace lshost::db
