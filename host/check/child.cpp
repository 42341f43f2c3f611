#include "check/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.hpp"

extern char** environ;

namespace lshost::check {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

/// Waits until a descriptor can be read. False: not by the deadline.
bool wait_readable(int fd, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd poll{fd, POLLIN, 0};
    const int ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
    const int ready = ::poll(&poll, 1, ms);
    if (ready > 0) return true;
    if (ready == 0 && left.count() <= 0) return false;
    if (ready < 0 && errno != EINTR) throw_errno("poll", "a child");
  }
}

struct Actions {
  Actions() { (void)::posix_spawn_file_actions_init(&all); }
  ~Actions() { (void)::posix_spawn_file_actions_destroy(&all); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t all{};
};

struct Attributes {
  explicit Attributes(Group group) {
    (void)::posix_spawnattr_init(&all);
    sigset_t set;
    sigemptyset(&set);
    (void)::posix_spawnattr_setsigmask(&all, &set);
    sigfillset(&set);
    (void)::posix_spawnattr_setsigdefault(&all, &set);
    const int flags =
        POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (group == Group::own ? POSIX_SPAWN_SETPGROUP : 0);
    (void)::posix_spawnattr_setflags(&all, static_cast<short>(flags));
  }
  ~Attributes() { (void)::posix_spawnattr_destroy(&all); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t all{};
};

Ended ended_of(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {0, info.si_status};
}

}  // namespace

std::string to_string(const Ended& ended) {
  if (ended.signal == 0) return "exited with code " + std::to_string(ended.exit_code);
  const char* name = ::sigabbrev_np(ended.signal);
  return "ended by " + (name == nullptr ? "signal " + std::to_string(ended.signal) : "SIG" + std::string(name)) + " (" +
         ::strsignal(ended.signal) + ")";
}

Child::Child(const std::vector<std::string>& arguments, const std::string& output, Group group) : group_(group) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw_errno("pipe", "for a child");
  lines_.reset(pipe[0]);
  UniqueFd theirs(pipe[1]);
  // dup2 onto itself would leave it to be closed by exec.
  if (theirs.get() == kMessageFd) theirs.reset(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kMessageFd + 1));

  Actions actions;
  (void)::posix_spawn_file_actions_addopen(&actions.all, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  (void)::posix_spawn_file_actions_addopen(&actions.all, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                           0600);
  (void)::posix_spawn_file_actions_adddup2(&actions.all, STDOUT_FILENO, STDERR_FILENO);
  (void)::posix_spawn_file_actions_adddup2(&actions.all, theirs.get(), kMessageFd);
  const Attributes attributes(group);

  std::vector<std::string> words = {"lshost"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int failure = ::posix_spawn(&pid_, "/proc/self/exe", &actions.all, &attributes.all, argv.data(), environ);
  if (failure != 0) throw_errno("start", "/proc/self/exe", failure);
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) {
    const int reason = errno;
    (void)kill();
    throw_errno("pidfd_open", "a child", reason);
  }
}

Child::~Child() { (void)kill(); }

std::optional<std::string> Child::take_line() {
  const auto end = received_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return line;
}

std::optional<std::string> Child::read_line(Deadline deadline) {
  for (;;) {
    if (auto line = take_line()) return line;
    if (is_silent_ || !wait_readable(lines_.get(), deadline)) return std::nullopt;
    std::array<char, 4096> block{};
    const ssize_t got = ::read(lines_.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      is_silent_ = true;
      continue;
    }
    received_.append(block.data(), static_cast<std::size_t>(got));
  }
}

std::optional<Ended> Child::wait(Deadline deadline) {
  if (ended_) return ended_;
  if (!wait_readable(pidfd_.get(), deadline)) return std::nullopt;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) {
    if (errno != EINTR) throw_errno("wait for", "a child");
  }
  ended_ = ended_of(info);
  return ended_;
}

Ended Child::kill() {
  // The group also where the child has ended: what it started may still run.
  if (group_ == Group::own && pid_ > 0) (void)::kill(-pid_, SIGKILL);
  if (ended_) return *ended_;
  if (pid_ > 0) (void)::kill(pid_, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
  }
  ended_ = ended_of(info);
  return *ended_;
}

void be_a_child() noexcept {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::fcntl(kMessageFd, F_SETFD, FD_CLOEXEC);
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  (void)::signal(SIGPIPE, SIG_IGN);
}

void send_line(const std::string& line) noexcept {
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = ::write(kMessageFd, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace lshost::check
