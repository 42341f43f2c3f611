#pragma once
// Other programs, started, watched and ended by a test.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "support/temp_dir.hpp"

namespace lshost::test {

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< of exit(); 128 + signal if a signal ended it, as shells say
  int signal = 0;  ///< 0: it ended by itself
};

struct ProcessOptions {
  std::vector<std::string> command = {};                ///< program (searched in PATH) and arguments
  std::map<std::string, std::string> environment = {};  ///< added to ours, or replacing it
  std::string directory = {};                           ///< to start in; empty: ours
  std::string input = {};                               ///< what it reads from standard input
};

/// A running program; its output goes to files, so it never blocks on us.
///
/// Example:
///     Process host({.command = {LSHOST_TEST_PROGRAM, "--config", config}});
///     REQUIRE(wait_until([&] { return host.err().find("ready") != std::string::npos; }));
///     host.kill(SIGTERM);
///     CHECK(host.wait().value().code == 0);
///
/// It starts with default signal handling and an empty mask, whatever this process does.
/// Ownership: the destructor kills (SIGKILL) and reaps what still runs. Its output goes with it.
/// Threads:   one at a time.
/// Errors:    the constructor throws Error if the program cannot be started.
class Process {
 public:
  explicit Process(const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool is_running();
  /// Sends a signal, if it still runs.
  void kill(int signal);
  /// Waits for its end without polling. nullopt: it still runs after `limit`.
  [[nodiscard]] std::optional<ExitStatus> wait(std::chrono::milliseconds limit = std::chrono::seconds(60));

  [[nodiscard]] std::string out() const;  ///< all of its standard output so far
  [[nodiscard]] std::string err() const;  ///< all of its standard error so far

 private:
  TempDir output_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;  // becomes readable when it ends
  std::optional<ExitStatus> status_;
};

/// What a program left behind.
struct Finished {
  ExitStatus status;
  std::string out;
  std::string err;
};

/// Runs a program to its end. Throws Error{transient} (after killing it) when it takes longer than `limit`.
[[nodiscard]] Finished run(const ProcessOptions& options, std::chrono::milliseconds limit = std::chrono::seconds(60));

}  // namespace lshost::test
