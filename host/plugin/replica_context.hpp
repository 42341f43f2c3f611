#pragma once
// One replica as its plugin sees it: what stands behind the opaque lshost_ctx.
//
// It joins a feed (the database), an observer (the daemon), the replica's configuration, its threads and its streams,
// and it is what "stop" means: a stop request makes every wait and every read of the plugin end. It knows nothing of
// how plugins are loaded; host_services.cpp turns C calls into calls of this.

#include <lshost/host.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/condition.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "config/config.hpp"
#include "db/feed.hpp"
#include "plugin/call_gate.hpp"
#include "plugin/config_access.hpp"
#include "plugin/handed_streams.hpp"
#include "plugin/replica_observer.hpp"
#include "plugin/thread_group.hpp"

namespace lshost::plugin {
class ReplicaContext;
}

/// The opaque handle of the C ABI.
struct lshost_ctx {
  lshost::plugin::ReplicaContext* context;
};

namespace lshost::plugin {

/// What a replica is made of.
struct ReplicaSetup {
  config::ReplicaConfig config;
  std::string config_file;              ///< as messages name it; "" where the values come from no file
  std::string database;                 ///< a name for logs and object keys, no path
  std::string work_dir;                 ///< of the plugin, made if it is not there; "" when offline
  db::Feed* feed = nullptr;             ///< nullptr: offline (restore, listings)
  ReplicaObserver* observer = nullptr;  ///< nullptr: nobody listens
  /// What the plugin gets as its host; nullptr: host_services(). Another one passes calls on to that, or makes them
  /// fail on purpose.
  const lshost_host* services = nullptr;
};

/// Ownership: borrows feed and observer until close().
/// Threads:   safe; request_stop(), finish_stop() and close() come from the replica's controller, one at a time.
class ReplicaContext {
 public:
  explicit ReplicaContext(ReplicaSetup setup);
  ReplicaContext(const ReplicaContext&) = delete;
  ReplicaContext& operator=(const ReplicaContext&) = delete;
  ~ReplicaContext();

  [[nodiscard]] lshost_ctx* handle() noexcept { return &handle_; }
  [[nodiscard]] const ReplicaSetup& setup() const noexcept { return setup_; }
  [[nodiscard]] const lshost_replica_info& info() const noexcept { return info_; }
  [[nodiscard]] bool is_offline() const noexcept { return setup_.feed == nullptr; }
  [[nodiscard]] ConfigAccess& config() noexcept { return config_; }
  [[nodiscard]] ThreadGroup& threads() noexcept { return threads_; }
  [[nodiscard]] HandedStreams& streams() noexcept { return streams_; }

  // ---- the plugin's side ----

  /// Inside of it, feed() and observer() may be used. Test it first.
  [[nodiscard]] CallGate::Pass enter() { return gate_.enter(); }
  /// nullptr: offline. REQUIRES: a pass.
  [[nodiscard]] db::Feed* feed() const noexcept { return setup_.feed; }
  /// nullptr: nobody listens. REQUIRES: a pass.
  [[nodiscard]] ReplicaObserver* observer() const noexcept { return setup_.observer; }

  [[nodiscard]] std::stop_token stop_token() const LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] bool is_stopping() const { return stop_token().stop_requested(); }
  /// False: stop was requested before `duration` (nullopt: for ever) was over.
  [[nodiscard]] bool pause(std::optional<std::chrono::milliseconds> duration) LSHOST_EXCLUDES(mutex_);
  /// Polls readable after a new tip, a due snapshot or a stop request. -1: none. REQUIRES: a pass.
  [[nodiscard]] int event_descriptor() LSHOST_EXCLUDES(mutex_);

  // ---- the controller's side ----

  /// Ends all waits and reads of the plugin.
  void request_stop() LSHOST_EXCLUDES(mutex_);
  /// After the plugin's stop and the end of its threads: takes open streams back; waits work again.
  void finish_stop() LSHOST_EXCLUDES(mutex_);
  /// For good: stops, and returns once no call can reach feed and observer any more; no stream of the feed is left.
  void close() LSHOST_EXCLUDES(mutex_);

 private:
  const ReplicaSetup setup_;
  lshost_ctx handle_{this};
  lshost_replica_info info_;
  ConfigAccess config_;
  CallGate gate_;

  mutable Mutex mutex_;
  Condition stopped_;  // only for its wait on a stop token
  std::stop_source stop_ LSHOST_GUARDED_BY(mutex_);
  UniqueFd own_event_ LSHOST_GUARDED_BY(mutex_);         // where there is no feed
  int event_descriptor_ LSHOST_GUARDED_BY(mutex_) = -1;  // once it was asked for

  HandedStreams streams_;
  ThreadGroup threads_;
};

}  // namespace lshost::plugin
