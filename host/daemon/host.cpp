#include "daemon/host.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.hpp"
#include "control/message.hpp"
#include "control/socket_path.hpp"
#include "daemon/report_json.hpp"
#include "obs/log.hpp"
#include "os/fs.hpp"

namespace lshost::daemon {

namespace {

using obs::Level;

/// Another host may leave the socket, or somebody make its folder.
constexpr std::chrono::nanoseconds kListenAgain = std::chrono::seconds(30);

std::string absolute(const std::string& path) {
  std::error_code failure;
  const auto full = std::filesystem::absolute(path, failure);
  return failure ? path : full.lexically_normal().string();
}

}  // namespace

Host::Host(config::Config config, std::unique_ptr<plugin::PluginRegistry> plugins, const Clock& clock)
    : clock_(clock),
      started_ns_(clock.unix_now()),
      config_file_(absolute(config.file)),
      supervisor_(config, *plugins, os::posix_fs(), clock),
      reloader_(std::move(config), std::move(plugins), supervisor_) {}

void Host::run(const std::stop_token& stop) {
  listen();
  while (!stop.stop_requested()) {
    reload_if_asked(stop);
    auto next = supervisor_.start_what_is_due();
    if (is_socket_wanted_ && server_ == nullptr) next = std::min(next.value_or(kListenAgain), kListenAgain);
    const bool goes_on = next ? work_.wait_for(stop, *next) : work_.wait(stop);
    if (goes_on && is_socket_wanted_ && server_ == nullptr) listen();
  }
  server_.reset();
  const MutexLock lock(mutex_);
  calls_.clear();
}

void Host::request_reload() {
  is_reload_due_ = true;
  work_.notify();
}

void Host::reload_if_asked(const std::stop_token& stop) {
  std::deque<control::Call> calls;
  const bool is_due = is_reload_due_.exchange(false);
  {
    const MutexLock lock(mutex_);
    calls = std::exchange(calls_, {});
  }
  if (!is_due && calls.empty()) return;
  // Whoever asked before it began is served by the same one.
  const auto line = control::reply_line("reload", to_json(reloader_.reload(stop)));
  for (auto& call : calls) call.reply(line);
}

void Host::on_call(control::Call call) {
  if (call.command() == control::Command::status) return call.reply(status_line());
  if (call.command() == control::Command::verify) return verify(std::move(call));
  {
    const MutexLock lock(mutex_);
    calls_.push_back(std::move(call));
  }
  work_.notify();
}

/// A call is answered once the replicas were looked at; std::function wants what can be copied.
void Host::verify(control::Call call) {
  const auto shared = std::make_shared<control::Call>(std::move(call));
  const control::Request& asked = shared->request();
  try {
    supervisor_.verifier().ask(asked.database, asked.replica, [shared](const std::vector<VerifyAnswer>& answers) {
      shared->reply(control::reply_line("verify", to_json(answers, ::getpid())));
    });
  } catch (const Error& e) {
    shared->reply(control::error_line(e));
  }
}

std::string Host::status_line() const {
  HostReport report;
  report.version = LSHOST_VERSION;
  report.config_file = config_file_;
  report.pid = ::getpid();
  report.started_ns = started_ns_;
  report.now_ns = clock_.unix_now();
  report.databases = supervisor_.status();
  report.replaced = reloader_.replaced_plugins();
  return control::reply_line("status", to_json(report));
}

void Host::listen() {
  const auto path =
      reloader_.config().control_socket ? reloader_.config().control_socket : control::default_socket(config_file_);
  is_socket_wanted_ = path && !path->empty();
  if (!is_socket_wanted_) return;
  try {
    server_ = std::make_unique<control::Server>(*path, [this](control::Call call) { on_call(std::move(call)); });
    obs::log(Level::info, "control", "listens", {{"socket", *path}});
    has_logged_socket_ = false;
  } catch (const Error& e) {
    // Replication does not need it. Said once: the next attempts fail for the same reason.
    if (!std::exchange(has_logged_socket_, true))
      obs::log(Level::warn, "control", e.what(),
               {{"consequence", "no lshost status, reload and verify; SIGHUP reloads"}});
  }
}

}  // namespace lshost::daemon
