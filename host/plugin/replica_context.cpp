#include "plugin/replica_context.hpp"

#include <lshost/module.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "obs/log.hpp"

namespace lshost::plugin {
namespace {

lshost_replica_info info_of(const ReplicaSetup& setup) {
  lshost_replica_info info{};
  info.struct_size = sizeof info;
  info.flags = setup.feed == nullptr ? static_cast<std::uint32_t>(LSHOST_CREATE_OFFLINE) : 0;
  info.replica = setup.config.name.c_str();
  info.database = setup.database.c_str();
  info.work_dir = setup.work_dir.empty() ? nullptr : setup.work_dir.c_str();
  return info;
}

}  // namespace

std::string_view to_string(ReplicaState state) noexcept {
  switch (state) {
    case ReplicaState::starting:
      return "starting";
    case ReplicaState::waiting:
      return "waiting";
    case ReplicaState::snapshot:
      return "snapshot";
    case ReplicaState::catching_up:
      return "catching_up";
    case ReplicaState::streaming:
      return "streaming";
    case ReplicaState::backing_off:
      return "backing_off";
    case ReplicaState::failed:
      return "failed";
    case ReplicaState::stopped:
      return "stopped";
  }
  return "unknown";
}

ReplicaContext::ReplicaContext(ReplicaSetup setup)
    : setup_(std::move(setup)),
      info_(info_of(setup_)),
      config_(setup_.config, setup_.config_file),
      streams_([this] { return is_stopping(); }) {}

ReplicaContext::~ReplicaContext() { close(); }

std::stop_token ReplicaContext::stop_token() const {
  const MutexLock lock(mutex_);
  return stop_.get_token();
}

bool ReplicaContext::pause(std::optional<std::chrono::milliseconds> duration) {
  MutexLock lock(mutex_);
  const std::stop_token stop = stop_.get_token();
  Condition::Deadline deadline;
  if (duration) {
    constexpr auto kLongest = std::chrono::duration_cast<std::chrono::milliseconds>(kLongestWait);
    deadline = std::chrono::steady_clock::now() + std::min(*duration, kLongest);
  }
  (void)stopped_.wait(lock, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

int ReplicaContext::event_descriptor() {
  const int from_feed = setup_.feed == nullptr ? -1 : setup_.feed->event_descriptor();
  const MutexLock lock(mutex_);
  if (event_descriptor_ >= 0) return event_descriptor_;
  if (setup_.feed == nullptr) own_event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  event_descriptor_ = setup_.feed == nullptr ? own_event_.get() : from_feed;
  return event_descriptor_;
}

void ReplicaContext::request_stop() {
  std::stop_source stop;
  {
    const MutexLock lock(mutex_);
    stop = stop_;
  }
  (void)stop.request_stop();  // runs callbacks that take locks: not under ours
  // Only now: who polls, and finds no stop, reads the event away.
  const MutexLock lock(mutex_);
  if (event_descriptor_ < 0) return;
  const std::uint64_t once = 1;
  (void)!::write(event_descriptor_, &once, sizeof once);  // full means that it is readable already
}

void ReplicaContext::finish_stop() {
  const std::size_t left_open = streams_.take_back();
  if (left_open != 0) {
    obs::log(obs::Level::debug, "plugin", "took streams back that the plugin had not closed",
             {{"db", setup_.database}, {"replica", setup_.config.name}, {"streams", std::uint64_t{left_open}}});
  }
  const MutexLock lock(mutex_);
  stop_ = std::stop_source();
}

void ReplicaContext::close() {
  request_stop();
  gate_.close();
  (void)streams_.take_back();
  const MutexLock lock(mutex_);
  if (setup_.feed != nullptr) event_descriptor_ = -1;  // the feed's, which may go now
}

}  // namespace lshost::plugin
