#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "os/file_watcher.hpp"
#include "os/watch_table.hpp"

namespace lshost::os {
namespace {

using std::chrono::steady_clock;

// Under a storm of writes the queue is read at most this often. An isolated event is read at once; events that come
// meanwhile merge in the kernel instead of waking a thread each.
constexpr std::chrono::microseconds kReadInterval{200};

UniqueFd open_event() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw_errno("eventfd", "of the file watcher");
  return fd;
}

UniqueFd open_timer() {
  UniqueFd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd) throw_errno("timerfd_create", "of the file watcher");
  return fd;
}

/// EMFILE means two things; a probe tells which one.
UniqueFd open_inotify() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (fd) return fd;
  const int err = errno;
  if (err != EMFILE) throw_errno("inotify_init", "of the file watcher", err);
  if (!UniqueFd(::eventfd(0, EFD_CLOEXEC))) {
    throw Error(ErrorCode::no_space,
                "file watcher: no more open files for this process; hint: raise its limit (ulimit -n, LimitNOFILE=).");
  }
  throw Error(ErrorCode::no_space,
              "file watcher: no more inotify instances for this user; hint: raise the sysctl "
              "fs.inotify.max_user_instances.");
}

class InotifyWatcher final : public FileWatcher {
 public:
  InotifyWatcher() : inotify_(open_inotify()), timer_(open_timer()), stop_(open_event()), table_(inotify_.get()) {
    thread_ = std::thread([this] { run(); });
  }

  ~InotifyWatcher() override {
    {
      MutexLock lock(mutex_);
      LSHOST_ASSERT(table_.empty() && every_second_.empty());  // watches go before their watcher
    }
    (void)::eventfd_write(stop_.get(), 1);
    thread_.join();
  }

  std::unique_ptr<Watch> watch_file(const std::string& path, Callback callback) override;
  std::unique_ptr<Watch> watch_name(const std::string& directory, const std::string& name, NameEvents events,
                                    Callback callback) override;
  std::unique_ptr<Watch> every_second(Callback callback) override;

  void forget(const SubscriberPtr& subscriber);

 private:
  void run();
  [[nodiscard]] bool wait_for_stop(steady_clock::time_point until) const;
  void read_events() LSHOST_EXCLUDES(mutex_);
  void collect(ByteSpan events, Subscribers& due) LSHOST_REQUIRES(mutex_);
  void tick() LSHOST_EXCLUDES(mutex_);
  void arm_timer(bool on) const noexcept;
  static void wake(const Subscribers& due);
  void assert_not_on_own_thread() const { LSHOST_ASSERT(std::this_thread::get_id() != thread_.get_id()); }

  // Constant after construction.
  const UniqueFd inotify_;
  const UniqueFd timer_;
  const UniqueFd stop_;

  // Taken before Subscriber::running, never together with it.
  Mutex mutex_;
  WatchTable table_ LSHOST_GUARDED_BY(mutex_);
  Subscribers every_second_ LSHOST_GUARDED_BY(mutex_);
  bool every_second_changed_ LSHOST_GUARDED_BY(mutex_) = false;

  // Owned by the watcher's thread.
  std::array<std::byte, std::size_t{64} * 1024> buffer_;
  Subscribers due_;
  Subscribers polled_;  // every_second_ as of the last tick: to copy it each time costs a cache miss for each of them

  std::thread thread_;
};

class InotifyWatch final : public FileWatcher::Watch {
 public:
  InotifyWatch(InotifyWatcher& watcher, SubscriberPtr subscriber)
      : watcher_(watcher), subscriber_(std::move(subscriber)) {}
  ~InotifyWatch() override { watcher_.forget(subscriber_); }
  InotifyWatch(const InotifyWatch&) = delete;
  InotifyWatch& operator=(const InotifyWatch&) = delete;

 private:
  InotifyWatcher& watcher_;
  const SubscriberPtr subscriber_;
};

std::unique_ptr<FileWatcher::Watch> InotifyWatcher::watch_file(const std::string& path, Callback callback) {
  assert_not_on_own_thread();
  auto subscriber = std::make_shared<Subscriber>(std::move(callback), "", "");
  auto watch = std::make_unique<InotifyWatch>(*this, subscriber);
  MutexLock lock(mutex_);
  table_.add_file(subscriber, path);
  return watch;
}

std::unique_ptr<FileWatcher::Watch> InotifyWatcher::watch_name(const std::string& directory, const std::string& name,
                                                               NameEvents events, Callback callback) {
  assert_not_on_own_thread();
  auto subscriber = std::make_shared<Subscriber>(std::move(callback), directory, name, events);
  auto watch = std::make_unique<InotifyWatch>(*this, subscriber);
  MutexLock lock(mutex_);
  table_.add_name(subscriber);
  return watch;
}

std::unique_ptr<FileWatcher::Watch> InotifyWatcher::every_second(Callback callback) {
  assert_not_on_own_thread();
  auto subscriber = std::make_shared<Subscriber>(std::move(callback), "", "");
  auto watch = std::make_unique<InotifyWatch>(*this, subscriber);
  MutexLock lock(mutex_);
  every_second_.push_back(subscriber);
  every_second_changed_ = true;
  if (every_second_.size() == 1) arm_timer(true);
  return watch;
}

void InotifyWatcher::forget(const SubscriberPtr& subscriber) {
  assert_not_on_own_thread();
  {
    MutexLock lock(mutex_);
    table_.forget(subscriber);
    if (std::erase(every_second_, subscriber) != 0) {
      every_second_changed_ = true;
      if (every_second_.empty()) arm_timer(false);
    }
  }
  // Waits for a callback that runs now. What it captured is destroyed here, not on the watcher's thread.
  MutexLock lock(subscriber->running);
  subscriber->callback = nullptr;
}

void InotifyWatcher::arm_timer(bool on) const noexcept {
  const timespec period{.tv_sec = on ? 1 : 0, .tv_nsec = 0};
  const itimerspec spec{.it_interval = period, .it_value = period};
  (void)::timerfd_settime(timer_.get(), 0, &spec, nullptr);  // cannot fail with these arguments
}

void InotifyWatcher::run() {
  steady_clock::time_point next_read{};
  std::array<pollfd, 3> fds{pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                            pollfd{.fd = timer_.get(), .events = POLLIN, .revents = 0},
                            pollfd{.fd = inotify_.get(), .events = POLLIN, .revents = 0}};
  for (;;) {
    const int ready = ::poll(fds.data(), fds.size(), -1);
    LSHOST_ASSERT(ready > 0 || errno == EINTR);
    if (ready < 0) continue;
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) tick();
    if (fds[2].revents != 0) {
      if (steady_clock::now() < next_read && wait_for_stop(next_read)) return;
      read_events();
      next_read = steady_clock::now() + kReadInterval;
    }
  }
}

bool InotifyWatcher::wait_for_stop(steady_clock::time_point until) const {
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(until - steady_clock::now()).count();
  if (rest <= 0) return false;
  pollfd stop{.fd = stop_.get(), .events = POLLIN, .revents = 0};
  const timespec timeout{.tv_sec = 0, .tv_nsec = rest};
  return ::ppoll(&stop, 1, &timeout, nullptr) > 0;
}

void InotifyWatcher::read_events() {
  const auto count = ::read(inotify_.get(), buffer_.data(), buffer_.size());
  if (count <= 0) {
    LSHOST_ASSERT(errno == EAGAIN || errno == EINTR);
    return;
  }
  {
    MutexLock lock(mutex_);
    collect(ByteSpan(buffer_).first(static_cast<std::size_t>(count)), due_);
  }
  wake(due_);
  due_.clear();
}

void InotifyWatcher::collect(ByteSpan events, Subscribers& due) {
  while (!events.empty()) {
    inotify_event header;
    std::memcpy(&header, events.data(), sizeof header);
    const auto* name = reinterpret_cast<const char*>(events.data() + sizeof header);
    table_.on_event({.watch = header.wd, .mask = header.mask, .name = {name, ::strnlen(name, header.len)}}, due);
    events = events.subspan(sizeof header + header.len);
  }
  for (const auto& subscriber : due) subscriber->is_due = false;
}

void InotifyWatcher::tick() {
  std::uint64_t missed = 0;
  if (::read(timer_.get(), &missed, sizeof missed) < 0) return;  // disarmed meanwhile
  {
    MutexLock lock(mutex_);
    if (std::exchange(every_second_changed_, false)) polled_ = every_second_;
  }
  wake(polled_);
}

void InotifyWatcher::wake(const Subscribers& due) {
  for (const auto& subscriber : due) {
    MutexLock lock(subscriber->running);
    if (subscriber->callback) subscriber->callback();
  }
}

}  // namespace

std::unique_ptr<FileWatcher> make_inotify_watcher() { return std::make_unique<InotifyWatcher>(); }

}  // namespace lshost::os
