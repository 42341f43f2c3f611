#pragma once
// A running host: the supervisor, what may be asked of it, and what may change it, on one thread that waits for all.

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/wake_up.hpp"
#include "config/config.hpp"
#include "control/server.hpp"
#include "daemon/reload.hpp"
#include "daemon/supervisor.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::daemon {

/// Threads: one; request_reload() from any, also from a stop callback or a signal thread. Errors: as Supervisor.
class Host {
 public:
  Host(config::Config config, std::unique_ptr<plugin::PluginRegistry> plugins, const Clock& clock);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] Supervisor& supervisor() noexcept { return supervisor_; }
  /// Of the configuration that holds now.
  [[nodiscard]] std::chrono::nanoseconds shutdown_timeout() const noexcept {
    return reloader_.config().shutdown_timeout;
  }

  /// Returns when stop is requested. Answers on the control socket meanwhile; without one, it tries again for it.
  void run(const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);
  /// Reads the configuration again, soon.
  void request_reload();

 private:
  void on_call(control::Call call) LSHOST_EXCLUDES(mutex_);
  void reload_if_asked(const std::stop_token& stop) LSHOST_EXCLUDES(mutex_);
  void verify(control::Call call);
  [[nodiscard]] std::string status_line() const;
  void listen();

  const Clock& clock_;
  const UnixNanos started_ns_;
  const std::string config_file_;  // absolute
  Supervisor supervisor_;
  Reloader reloader_;

  WakeUp work_;
  std::atomic<bool> is_reload_due_ = false;
  Mutex mutex_;
  std::deque<control::Call> calls_ LSHOST_GUARDED_BY(mutex_);  // that want a reload; the server bounds their number

  bool is_socket_wanted_ = true;
  bool has_logged_socket_ = false;
  std::unique_ptr<control::Server> server_;  // last: its thread uses all of it
};

}  // namespace lshost::daemon
