#include "program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace lshost::exec {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

/// How long a stop may go unnoticed.
constexpr milliseconds kSlice(100);

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error::Errno("exec: make a pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void make_nonblocking(const UniqueFd& fd) { (void)::fcntl(fd.get(), F_SETFL, O_NONBLOCK); }

/// posix_spawn's two settings objects, destroyed in the end.
class SpawnSettings {
 public:
  SpawnSettings() {
    (void)::posix_spawn_file_actions_init(&actions);
    (void)::posix_spawnattr_init(&attributes);
    sigset_t none, all;
    (void)::sigemptyset(&none);
    (void)::sigfillset(&all);
    (void)::posix_spawnattr_setsigmask(&attributes, &none);
    (void)::posix_spawnattr_setsigdefault(&attributes, &all);
    (void)::posix_spawnattr_setpgroup(&attributes, 0);
    (void)::posix_spawnattr_setflags(&attributes,
                                     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    (void)::posix_spawn_file_actions_destroy(&actions);
    (void)::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::vector<std::string> merged_environment(const std::vector<std::string>& added) {
  const auto name_of = [](std::string_view entry) { return entry.substr(0, entry.find('=')); };
  std::vector<std::string> merged = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const auto is_it = [&](const std::string& mine) { return name_of(mine) == name_of(*entry); };
    if (std::ranges::none_of(added, is_it)) merged.emplace_back(*entry);
  }
  return merged;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (auto& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string text_of(milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

}  // namespace

Program::Program(const std::vector<std::string>& words, Direction direction, const RunOptions& options)
    : options_(options), name_(words.front()) {
  if (options_.stopping()) throw Cancelled{};
  start(words, direction);
}

void Program::start(const std::vector<std::string>& words, Direction direction) {
  Pipe data = make_pipe();
  Pipe said = make_pipe();
  SpawnSettings settings;
  const bool is_fed = direction == Direction::fed;
  if (is_fed) {
    (void)::posix_spawn_file_actions_adddup2(&settings.actions, data.reading.get(), 0);
    (void)::posix_spawn_file_actions_adddup2(&settings.actions, said.writing.get(), 1);
  } else {
    (void)::posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
    (void)::posix_spawn_file_actions_adddup2(&settings.actions, data.writing.get(), 1);
  }
  (void)::posix_spawn_file_actions_adddup2(&settings.actions, said.writing.get(), 2);
  (void)::posix_spawn_file_actions_addclosefrom_np(&settings.actions, 3);
  auto arguments = words;
  auto environment = merged_environment(options_.environment);
  const int failure = ::posix_spawnp(&pid_, arguments.front().c_str(), &settings.actions, &settings.attributes,
                                     pointers_to(arguments).data(), pointers_to(environment).data());
  if (failure != 0) {
    pid_ = -1;
    throw Error(LSHOST_E_CONFIG, "can not run " + name_ + ": " + std::strerror(failure),
                LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR);
  }
  data_ = std::move(is_fed ? data.writing : data.reading);
  if (is_fed) unread_ = std::move(data.reading);
  words_ = std::move(said.reading);
  make_nonblocking(data_);
  make_nonblocking(words_);
  pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) {
    const int reason = errno;
    kill();
    throw Error::Errno("exec: watch " + name_, reason);
  }
}

Program::~Program() { kill(); }

bool Program::wait(int fd, short events) {
  const auto end = SteadyClock::now() + options_.timeout;
  for (;;) {
    if (options_.stopping()) {
      kill();
      throw Cancelled{};
    }
    std::array<pollfd, 3> polled{
        {{fd, events, 0}, {words_.get(), POLLIN, 0}, {has_ended_ ? -1 : pidfd_.get(), POLLIN, 0}}};
    (void)::poll(polled.data(), polled.size(), static_cast<int>(kSlice.count()));  // a failure shows at the next use
    if (polled[1].revents != 0) {
      take_words();
      if (polled[0].revents == 0 && polled[2].revents == 0) return false;
    }
    if (polled[2].revents != 0) reap();
    if (polled[0].revents != 0) return true;
    if (has_ended_) return false;
    if (SteadyClock::now() >= end) {
      kill();
      throw Error(LSHOST_E_UNAVAILABLE,
                  name_ + " neither took nor printed anything for " + text_of(options_.timeout) + " and was ended",
                  LSHOST_ERR_RETRYABLE);
    }
  }
}

void Program::take_words() {
  std::array<char, 4096> buffer;
  for (int i = 0; i < 16; ++i) {  // one that never stops talking must not keep us
    const auto count = ::read(words_.get(), buffer.data(), buffer.size());
    if (count > 0) {
      last_words_.take({buffer.data(), static_cast<std::size_t>(count)});
    } else {
      if (count == 0) words_.reset();  // poll() passes over it from now on
      return;
    }
  }
}

bool Program::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(data_.get(), bytes.data(), bytes.size());
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      throw Error::Errno("exec: write to " + name_);
    } else {
      if (has_ended_) return false;
      (void)wait(data_.get(), POLLOUT);
    }
  }
  return true;
}

std::size_t Program::read(std::span<std::byte> into) {
  for (;;) {
    const auto count = ::read(data_.get(), into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EAGAIN && errno != EINTR) throw Error::Errno("exec: read from " + name_);
    if (has_ended_) return 0;  // its group is dead: nobody will write
    (void)wait(data_.get(), POLLIN);
  }
}

End Program::wait_for_end() {
  data_.reset();
  while (!has_ended_) (void)wait(-1, 0);
  if (words_) take_words();
  return end_;
}

bool Program::has_read_all() const {
  int left = 0;
  return ::ioctl(unread_.get(), FIONREAD, &left) == 0 && left == 0;
}

/// REQUIRES: it has ended, or was killed: does not wait for long.
void Program::reap() noexcept {
  if (pid_ < 0) return;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  // Before the number of the group can be that of another.
  (void)::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  has_ended_ = true;
  end_ = info.si_code == CLD_EXITED ? End{info.si_status, 0} : End{0, info.si_status};
}

void Program::kill() noexcept {
  if (pid_ < 0) return;
  (void)::kill(-pid_, SIGKILL);
  reap();
}

std::string Program::sentence(const End& end) const {
  const std::string how = end.signal != 0 ? std::string("was ended by signal ") + std::to_string(end.signal)
                                          : "ended with code " + std::to_string(end.code);
  const std::string words = last_words_.sentence(secrets_of(options_.environment));
  return name_ + " " + how + (words.empty() ? "" : ": " + words);
}

}  // namespace lshost::exec
