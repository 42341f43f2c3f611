#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/error.hpp"

namespace lshost::test {
namespace {

/// posix_spawn's two settings objects, destroyed in the end.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void redirect(int fd, const std::string& path, int flags) {
    ::posix_spawn_file_actions_addopen(&actions, fd, path.c_str(), flags, 0600);
  }
  void start_in(const std::string& directory) {
    if (!directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  }
};

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (auto& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string line = *entry;
    if (!added.contains(line.substr(0, line.find('=')))) merged.push_back(line);
  }
  for (const auto& [name, value] : added) merged.push_back(name + "=" + value);
  return merged;
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

ExitStatus to_exit_status(int raw) {
  if (WIFSIGNALED(raw)) return {.code = 128 + WTERMSIG(raw), .signal = WTERMSIG(raw)};
  return {.code = WEXITSTATUS(raw), .signal = 0};
}

}  // namespace

Process::Process(const ProcessOptions& options) {
  std::ofstream(output_ / "in", std::ios::binary) << options.input;
  SpawnSettings settings;
  settings.redirect(STDIN_FILENO, output_ / "in", O_RDONLY);
  settings.redirect(STDOUT_FILENO, output_ / "out", O_WRONLY | O_CREAT | O_APPEND);
  settings.redirect(STDERR_FILENO, output_ / "err", O_WRONLY | O_CREAT | O_APPEND);
  settings.start_in(options.directory);
  auto command = options.command;
  auto environment = merged_environment(options.environment);
  const int err = ::posix_spawnp(&pid_, command.at(0).c_str(), &settings.actions, &settings.attributes,
                                 pointers_to(command).data(), pointers_to(environment).data());
  if (err != 0) throw_errno("start", command[0], err);
  pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) throw_errno("pidfd_open", command[0]);
}

Process::~Process() {
  kill(SIGKILL);
  (void)wait();
}

bool Process::is_running() { return !wait(std::chrono::milliseconds(0)); }

void Process::kill(int signal) {
  if (is_running()) (void)::kill(pid_, signal);
}

std::optional<ExitStatus> Process::wait(std::chrono::milliseconds limit) {
  if (status_) return status_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  for (;;) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const int ready = ::poll(&ended, 1, static_cast<int>(rest < 0 ? 0 : rest));
    if (ready == 0) return std::nullopt;
    if (ready > 0) break;
  }
  int raw = 0;
  if (::waitpid(pid_, &raw, 0) != pid_) throw_errno("waitpid", "of a test");
  status_ = to_exit_status(raw);
  return status_;
}

std::string Process::out() const { return content_of(output_ / "out"); }
std::string Process::err() const { return content_of(output_ / "err"); }

Finished run(const ProcessOptions& options, std::chrono::milliseconds limit) {
  Process process(options);
  const auto status = process.wait(limit);
  if (status) return {.status = *status, .out = process.out(), .err = process.err()};
  throw Error(ErrorCode::transient, options.command.at(0) + " runs for more than " + std::to_string(limit.count()) +
                                        " ms; it said: " + process.out() + process.err());
}

}  // namespace lshost::test
