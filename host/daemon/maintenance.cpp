#include "daemon/maintenance.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "obs/log.hpp"
#include "replica/retention.hpp"

namespace lshost::daemon {

namespace {

using obs::Level;

/// After the start, destinations are looked at one after the other rather than all at once.
constexpr std::chrono::nanoseconds kFirstLook = std::chrono::seconds(2);
constexpr std::chrono::nanoseconds kSpread = std::chrono::milliseconds(20);
/// A failed list is tried again after this.
constexpr std::chrono::nanoseconds kRetry = std::chrono::minutes(1);

}  // namespace

void Maintenance::add(Maintained replica) {
  const auto interval = replica.rules.effective_interval();
  if (interval.count() == 0) return;  // nothing is ever due
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_.emplace_back();
    const auto spread = kSpread * static_cast<std::int64_t>(entries_.size() % 3000);
    entry.next_ns = clock_.unix_now() + (std::min(kFirstLook, interval / 2) + spread).count();
    entry.replica = std::move(replica);
  }
  wake_up_.notify();
}

void Maintenance::remove(const replica::Replicator& replicator, const std::function<void()>& cancel) {
  std::list<Entry>::iterator entry;
  {
    const MutexLock lock(mutex_);
    const auto is_it = [&](const Entry& candidate) { return candidate.replica.replicator == &replicator; };
    entry = std::find_if(entries_.begin(), entries_.end(), is_it);
    if (entry != entries_.end()) entry->is_leaving = true;
  }
  cancel();
  MutexLock lock(mutex_);
  if (entry == entries_.end()) return;
  looked_after_.wait(lock, std::nullopt, [&]() LSHOST_REQUIRES(mutex_) { return busy_ != &*entry; });
  entries_.erase(entry);
}

void Maintenance::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Maintenance::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Maintenance::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const UnixNanos next = look_after_all(stop);
    // The wall clock may jump, so the sleep is bounded on both sides.
    const auto sleep = std::clamp<std::int64_t>(next - clock_.unix_now(), 1'000'000, 3'600'000'000'000);
    if (!wake_up_.wait_for(stop, std::chrono::nanoseconds(sleep))) return;
  }
}

/// When to look again. An entry that is looked after is busy, so it stays in the list while that is not locked.
UnixNanos Maintenance::look_after_all(const std::stop_token& stop) LSHOST_NO_TSA {
  const UnixNanos now = clock_.unix_now();
  UnixNanos next = now + std::chrono::nanoseconds(std::chrono::hours(1)).count();
  MutexLock lock(mutex_);
  for (Entry& entry : entries_) {
    if (stop.stop_requested()) break;
    if (entry.is_leaving) continue;
    if (entry.next_ns <= now) {
      busy_ = &entry;
      lock.unlock();
      look_after(entry, now);
      lock.lock();
      busy_ = nullptr;
      looked_after_.notify_all();
    }
    next = std::min(next, entry.next_ns);
  }
  return next;
}

void Maintenance::look_after(Entry& entry, UnixNanos now) {
  const auto& rules = entry.replica.rules;
  entry.next_ns = now + std::chrono::nanoseconds(std::chrono::hours(24)).count();
  try {
    find_last_snapshot(entry);
    if (entry.is_leaving) return;
    want_snapshot(entry, now);
    if (!entry.is_leaving) keep_retention(entry, now);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::cancelled) {
      obs::log(Level::warn, "maintenance", e.what(),
               {{"db", entry.replica.database}, {"replica", entry.replica.replica}});
    }
    entry.next_ns = now + std::min<std::int64_t>(kRetry.count(), rules.effective_interval().count());
  }
}

void Maintenance::find_last_snapshot(Entry& entry) {
  if (const UnixNanos reported = entry.replica.monitor->status().last_snapshot_ns; reported != 0) {
    entry.last_snapshot_ns = std::max(entry.last_snapshot_ns, reported);
    return;
  }
  const auto status = entry.replica.feed->status();
  if (entry.is_listed || !status || !entry.replica.replicator->can_restore()) return;
  for (const auto& snapshot : entry.replica.replicator->list(replica::ItemKind::snapshot, status->tip.generation)) {
    entry.last_snapshot_ns = std::max(entry.last_snapshot_ns, snapshot.created_ns);
  }
  entry.is_listed = true;
}

void Maintenance::want_snapshot(Entry& entry, UnixNanos now) {
  const auto interval = entry.replica.rules.effective_interval().count();
  const auto due = next_snapshot(entry.replica.rules, entry.last_snapshot_ns);
  if (!due || *due > now) {
    entry.next_ns = std::min(entry.next_ns, due.value_or(now + interval));
    return;
  }
  const auto status = entry.replica.feed->status();
  const auto last = entry.replica.monitor->status().last_snapshot;
  // Without a commit since the last one there is nothing to take.
  if (status && (!last || *last != status->tip)) entry.replica.feed->set_snapshot_due(true);
  entry.last_snapshot_ns = now;  // the next one an interval from now, whether this one was needed or not
  entry.next_ns = std::min(entry.next_ns, now + interval);
}

void Maintenance::keep_retention(Entry& entry, UnixNanos now) {
  const auto pause = retention_pause(entry.replica.rules);
  if (!pause || !entry.replica.replicator->can_remove()) return;
  entry.next_ns = std::min(entry.next_ns, now + pause->count());
  if (now - entry.last_retention_ns < pause->count()) return;
  const db::Position durable = entry.replica.feed->durable();
  const bool is_idle = durable == entry.durable_at_retention;
  if (is_idle && now - entry.last_retention_ns < entry.replica.rules.retention.count()) return;
  const auto result = replica::enforce_retention(*entry.replica.replicator, {entry.replica.rules.retention}, now);
  entry.last_retention_ns = now;
  entry.durable_at_retention = durable;
  if (result.removed.empty()) return;
  obs::log(Level::info, "maintenance", "removed what is older than the retention",
           {{"db", entry.replica.database},
            {"replica", entry.replica.replica},
            {"items", std::uint64_t{result.removed.size()}},
            {"bytes", result.removed_bytes}});
}

}  // namespace lshost::daemon
