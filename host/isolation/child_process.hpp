#pragma once
// The process that a plugin runs in: this program again, started, watched, ended and reaped.

#include <sys/types.h>

#include <string>

#include "base/unique_fd.hpp"

namespace lshost::isolation {

/// How a process ended.
struct ChildEnd {
  int signal = 0;  ///< 0: it ended by itself
  int code = 0;    ///< of exit()
};

/// "was ended by signal 11 (Segmentation fault)", "ended by itself with exit code 3".
[[nodiscard]] std::string to_string(const ChildEnd& end);

/// Ends by itself when the memory limit of its configuration is reached; no code that plugins are known to use.
inline constexpr int kExitOutOfMemory = 119;
/// The socket to the host is gone, or is no socket any more: the plugin closed it.
inline constexpr int kExitWithoutHost = 118;

/// Ownership: owns the process. The destructor kills and reaps it with all that it started, so no zombie is left.
/// Threads:   one. The process dies with the thread that started it, whatever becomes of the host.
/// Errors:    the constructor throws Error{transient} where no process can be had.
class ChildProcess {
 public:
  /// `program`: what is run, as "PROGRAM plugin-child --fd N"; it is given `socket` and nothing else of ours: standard
  /// input is empty, output and errors go to `output` (-1: to our standard error).
  ChildProcess(const std::string& program, const UniqueFd& socket, int output);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Polls readable when it has ended.
  [[nodiscard]] int descriptor() const noexcept { return pidfd_.get(); }
  /// SIGKILL, to what it started as well.
  void kill() const noexcept;
  /// Kills what is left of it, waits for its end and reaps it. REQUIRES: called once.
  [[nodiscard]] ChildEnd reap() noexcept;

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

}  // namespace lshost::isolation
