#pragma once
// The host's functions with an ear and a hand on them: what a plugin says is remembered, and a call can be made to fail
// or to hang. Everything else goes to the host's own services, which have a real database behind them.

#include <lshost/ext/store.h>
#include <lshost/host.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/condition.hpp"
#include "base/mutex.hpp"
#include "db/position.hpp"

namespace lshost::check {

/// The calls of a worker that can be failed or held.
enum class Call { status, wal_open, wal_read, snapshot_open, snapshot_read, wait, sleep };
[[nodiscard]] std::string_view to_string(Call call) noexcept;

/// Ownership: outlives the replicators that were made with it.
/// Threads:   what it remembers from any; the hooks are set before the replicator is made, and come from its threads.
class Tap : public lshost_host {
 public:
  Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // ---- hooks; called without a lock ----
  /// Before a call; another result than LSHOST_OK is what it says, without having been made. wal_read and
  /// snapshot_read come for every read of such a stream.
  std::function<std::int32_t(Call, lshost_ctx*)> before;
  /// What an error of `before` says about itself: LSHOST_ERR_*.
  std::uint32_t error_flags = LSHOST_ERR_RETRYABLE;
  /// In the call that reports a durable position, before the host hears of it.
  std::function<void(const db::Position&)> on_durable;
  /// Streams have no descriptor, so every byte goes through read: then `covered` is known.
  bool hides_descriptors = false;
  /// Back-off takes a millisecond.
  bool shortens_sleep = false;
  /// Where a plugin gives a store to the engine, it is put here, and create fails.
  std::function<void(lshost_store*)> take_store;

  // ---- what the plugin said ----
  struct Said {
    std::vector<db::Position> durable;
    std::vector<db::Position> snapshots;
    std::vector<std::int32_t> states;
    std::vector<std::string> errors;          ///< report_error
    std::vector<std::string> texts;           ///< every text of any kind: log lines, details, errors, metric names
    std::vector<std::string> refused_values;  ///< keys for which config_get said that the value is of another type
    db::Position covered;                     ///< the furthest that it can have: what it read. With hides_descriptors
    std::string too_early;                    ///< the first report beyond `covered`; "": none
  };
  [[nodiscard]] Said said() const LSHOST_EXCLUDES(mutex_);
  /// Waits until `holds`, which is asked after everything the plugin says. False: not within `limit`.
  [[nodiscard]] bool wait_until(const std::function<bool(const Said&)>& holds, std::chrono::milliseconds limit)
      LSHOST_EXCLUDES(mutex_);
  void forget() LSHOST_EXCLUDES(mutex_);

 private:
  struct Calls;
  struct Stream;
  template <class Change>
  void note(Change&& change) LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] std::int32_t ask(Call call, lshost_ctx* ctx, lshost_error* err) const;

  mutable Mutex mutex_;
  Condition changed_;
  Said said_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::check
