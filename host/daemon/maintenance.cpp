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
  Entry entry;
  const auto first = std::min(kFirstLook, interval / 2) + kSpread * static_cast<std::int64_t>(entries_.size() % 3000);
  entry.next_ns = clock_.unix_now() + first.count();
  entry.replica = std::move(replica);
  entries_.push_back(std::move(entry));
}

void Maintenance::start() {
  if (entries_.empty()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Maintenance::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Maintenance::run(const std::stop_token& stop) {
  for (;;) {
    const UnixNanos now = clock_.unix_now();
    UnixNanos next = now + std::chrono::nanoseconds(std::chrono::hours(1)).count();
    for (Entry& entry : entries_) {
      if (stop.stop_requested()) return;
      if (entry.next_ns <= now) look_after(entry, now);
      next = std::min(next, entry.next_ns);
    }
    // The wall clock may jump, so the sleep is bounded on both sides.
    const auto sleep = std::clamp<std::int64_t>(next - clock_.unix_now(), 1'000'000, 3'600'000'000'000);
    if (!wake_up_.wait_for(stop, std::chrono::nanoseconds(sleep))) return;
  }
}

void Maintenance::look_after(Entry& entry, UnixNanos now) {
  const auto& rules = entry.replica.rules;
  entry.next_ns = now + std::chrono::nanoseconds(std::chrono::hours(24)).count();
  try {
    find_last_snapshot(entry);
    want_snapshot(entry, now);
    keep_retention(entry, now);
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
