#pragma once
// This program, started again: a process of its own for code that may crash, hang or end the process it is in.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace lshost::check {

/// The descriptor on which a child sends lines.
inline constexpr int kMessageFd = 3;

enum class Group {
  own,   ///< a process group of its own: ending the child ends what it started
  same,  ///< that of who starts it
};

/// How a process ended.
struct Ended {
  int exit_code = 0;  ///< of exit(), if no signal ended it
  int signal = 0;     ///< 0: none
};
/// "ended by SIGSEGV (Segmentation fault)", "exited with code 3".
[[nodiscard]] std::string to_string(const Ended& ended);

/// Ownership: the destructor kills (the group, if it has one) and reaps what still runs.
/// Threads:   one at a time.
class Child {
 public:
  /// Starts this program with `arguments`, nothing to read, and everything it prints in the file `output`. Throws
  /// Error.
  Child(const std::vector<std::string>& arguments, const std::string& output, Group group);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next line that it sent. nullopt: not by `deadline`, or there will be none.
  [[nodiscard]] std::optional<std::string> read_line(std::chrono::steady_clock::time_point deadline);
  /// True: it has closed its end, which it does at the latest when it ends.
  [[nodiscard]] bool is_silent() const noexcept { return is_silent_; }
  /// nullopt: it still runs.
  [[nodiscard]] std::optional<Ended> wait(std::chrono::steady_clock::time_point deadline);
  /// SIGKILL, and waits for the end.
  Ended kill();

 private:
  [[nodiscard]] std::optional<std::string> take_line();

  pid_t pid_ = -1;
  Group group_;
  UniqueFd pidfd_;
  UniqueFd lines_;
  std::string received_;
  bool is_silent_ = false;
  std::optional<Ended> ended_;
};

/// In a child, first of all: it ends when who started it does, and leaves no core file.
void be_a_child() noexcept;
/// In a child: sends a line. What can not be sent is lost: there is nobody who reads.
void send_line(const std::string& line) noexcept;

}  // namespace lshost::check
