#include "os/signals.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string_view>
#include <thread>
#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"

namespace lshost::os {
namespace {

std::atomic<bool> one_exists = false;

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

/// A peer that went away and a file at its size limit are errors of one write, told by errno.
void ignore_signals_of_writes() {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  for (const int signal : {SIGPIPE, SIGXFSZ}) (void)::sigaction(signal, &ignore, nullptr);
}

[[noreturn]] void end_process() {
  static constexpr std::string_view kLine = "lshost: stopped by a second signal; not everything may be replicated\n";
  (void)!::write(STDERR_FILENO, kLine.data(), kLine.size());
  ::_exit(1);
}

}  // namespace

struct Signals::Impl {
  Impl() {
    LSHOST_ASSERT(!one_exists.exchange(true));
    const sigset_t set = watched_signals();
    (void)::pthread_sigmask(SIG_BLOCK, &set, &mask_before);  // cannot fail with these arguments
    ignore_signals_of_writes();
    signals = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals) throw_errno("signalfd", "of the process");
    end = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!end) throw_errno("eventfd", "of the process");
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    (void)::eventfd_write(end.get(), 1);
    thread.join();
    (void)::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
    one_exists = false;
  }

  void run() {
    std::array<pollfd, 2> fds{pollfd{.fd = end.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = signals.get(), .events = POLLIN, .revents = 0}};
    for (;;) {
      if (::poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
      if (fds[0].revents != 0) return;
      signalfd_siginfo info{};
      if (::read(signals.get(), &info, sizeof info) == sizeof info) on_signal(static_cast<int>(info.ssi_signo));
    }
  }

  void on_signal(int signal) {
    if (signal == SIGHUP) return on_hangup();
    if (!stop.request_stop()) end_process();
  }

  void on_hangup() LSHOST_EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    if (hangup) {
      hangup();
    } else {
      hangup_is_pending = true;
    }
  }

  void set_hangup(std::function<void()> call) LSHOST_EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    hangup = std::move(call);
    if (hangup && std::exchange(hangup_is_pending, false)) hangup();
  }

  std::stop_source stop;
  Mutex mutex;
  std::function<void()> hangup LSHOST_GUARDED_BY(mutex);
  bool hangup_is_pending LSHOST_GUARDED_BY(mutex) = false;
  sigset_t mask_before{};
  UniqueFd signals;
  UniqueFd end;
  std::thread thread;
};

Signals::Signals() : impl_(std::make_unique<Impl>()) {}
Signals::~Signals() = default;
void Signals::on_hangup(std::function<void()> call) { impl_->set_hangup(std::move(call)); }
std::stop_token Signals::stop_token() const { return impl_->stop.get_token(); }

}  // namespace lshost::os
