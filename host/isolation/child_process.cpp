#include "isolation/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace lshost::isolation {
namespace {

constexpr int kSocketThere = 3;  // the descriptor in the child

/// What posix_spawn is told, set up and taken down.
struct Plan {
  Plan() {
    (void)::posix_spawn_file_actions_init(&actions);
    (void)::posix_spawnattr_init(&attributes);
  }
  ~Plan() {
    (void)::posix_spawnattr_destroy(&attributes);
    (void)::posix_spawn_file_actions_destroy(&actions);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

/// The signals that tell the host to stop are the host's to act on: a terminal and a service manager send them to all
/// processes of a group, and the plugin is needed for the drain.
void plan_signals(Plan& plan) {
  sigset_t blocked;
  sigset_t all;
  ::sigemptyset(&blocked);
  ::sigfillset(&all);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&blocked, signal);
  (void)::posix_spawnattr_setsigmask(&plan.attributes, &blocked);
  (void)::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  (void)::posix_spawnattr_setpgroup(&plan.attributes, 0);
  (void)::posix_spawnattr_setflags(&plan.attributes,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

void plan_descriptors(Plan& plan, int socket, int output) {
  const int to = output < 0 ? STDERR_FILENO : output;
  // Standard output belongs to the command's own answer, so even without a pipe it is not the plugin's.
  (void)::posix_spawn_file_actions_adddup2(&plan.actions, to, STDERR_FILENO);
  (void)::posix_spawn_file_actions_adddup2(&plan.actions, STDERR_FILENO, STDOUT_FILENO);
  (void)::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  (void)::posix_spawn_file_actions_adddup2(&plan.actions, socket, kSocketThere);
  (void)::posix_spawn_file_actions_addclosefrom_np(&plan.actions, kSocketThere + 1);
}

/// A duplicate above the numbers that the plan fills, so that no step of it overwrites the source of a later one.
UniqueFd above_the_plan(int fd) {
  UniqueFd high(::fcntl(fd, F_DUPFD_CLOEXEC, kSocketThere + 1));
  if (!high) throw_errno("plugin-child", "a descriptor");
  return high;
}

}  // namespace

std::string to_string(const ChildEnd& end) {
  if (end.signal != 0) {
    const char* name = ::sigdescr_np(end.signal);
    return "was ended by signal " + std::to_string(end.signal) +
           (name == nullptr ? "" : " (" + std::string(name) + ")");
  }
  return "ended by itself with exit code " + std::to_string(end.code);
}

ChildProcess::ChildProcess(const std::string& program, const UniqueFd& socket, int output) {
  Plan plan;
  plan_signals(plan);
  const UniqueFd socket_above = above_the_plan(socket.get());
  const UniqueFd output_above = output < 0 ? UniqueFd() : above_the_plan(output);
  plan_descriptors(plan, socket_above.get(), output_above ? output_above.get() : -1);
  std::string number = std::to_string(kSocketThere);
  std::array<std::string, 4> words = {"lshost", "plugin-child", "--fd", number};
  std::array<char*, 5> arguments = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  const int result =
      ::posix_spawn(&pid_, program.c_str(), &plan.actions, &plan.attributes, arguments.data(), ::environ);
  if (result != 0) throw Error(ErrorCode::transient, "a process for the plugin: " + std::string(::strerror(result)));
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) {
    const int err = errno;
    (void)reap();
    throw_errno("pidfd_open", "the plugin's process", err);
  }
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) (void)reap();
}

void ChildProcess::kill() const noexcept {
  // Its group has its number until it is reaped, so this can hit nobody else.
  (void)::kill(-pid_, SIGKILL);
  (void)::kill(pid_, SIGKILL);
}

ChildEnd ChildProcess::reap() noexcept {
  siginfo_t info{};
  // What ended by itself keeps its own end: looked at before anything is killed, and left a zombie that keeps the
  // number.
  const auto look = [&](int flags) {
    info = {};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | flags) == 0 && info.si_pid == pid_;
  };
  (void)look(WNOHANG | WNOWAIT);
  kill();
  while (!look(0) && errno == EINTR) {
  }
  pid_ = -1;
  ChildEnd end;
  if (info.si_code == CLD_EXITED) {
    end.code = info.si_status;
  } else {
    end.signal = info.si_status;
  }
  return end;
}

}  // namespace lshost::isolation
