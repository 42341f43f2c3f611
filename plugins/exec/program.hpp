#pragma once
// One run of a program: started without a shell, fed or read, watched, and ended with all that it started.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <lshost/cpp/error.hpp>

#include "last_words.hpp"
#include "unique_fd.hpp"

namespace lshost::exec {

struct RunOptions {
  std::vector<std::string> environment;  ///< NAME=value, in place of what we have under that name
  std::chrono::milliseconds timeout{};   ///< of silence, while we wait for it
  std::function<bool()> stopping;        ///< whether the host wants the replica to stop
};

/// How a program ended.
struct End {
  int code = 0;    ///< of exit()
  int signal = 0;  ///< 0: it ended by itself
  [[nodiscard]] bool is_good() const noexcept { return code == 0 && signal == 0; }
};

/// It gets standard input (or nothing to read), standard output and error, and no other descriptor of ours; signals as
/// a shell would give them; a process group of its own. Standard error is kept for messages.
///
/// Ownership: the destructor kills the group at once if the program still runs, and reaps it.
/// Threads:   one.
/// Errors:    Cancelled when the host stops, Error{UNAVAILABLE} after `timeout` of silence, Error{CONFIG} where it can
///            not be started. After these it is dead.
class Program {
 public:
  enum class Direction {
    fed,   ///< write() is its standard input; what it prints counts as words for messages
    read,  ///< read() is its standard output; its standard input is empty
  };

  Program(const std::vector<std::string>& words, Direction direction, const RunOptions& options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// All of `bytes`. False: it has ended.
  [[nodiscard]] bool write(std::span<const std::byte> bytes);
  /// 0: it closed its output.
  [[nodiscard]] std::size_t read(std::span<std::byte> into);
  /// Closes our end, waits for its own, and ends what it left behind in its group.
  End wait_for_end();
  /// Whether nothing that was written to it is left. REQUIRES: fed, and ended.
  [[nodiscard]] bool has_read_all() const;
  /// At once, with all of its group; its input is not closed before that, so it can not take what it has for all.
  void kill() noexcept;

  /// "rclone ended with code 1: last words".
  [[nodiscard]] std::string sentence(const End& end) const;

 private:
  void start(const std::vector<std::string>& words, Direction direction);
  /// Until `fd` (-1: none) is ready or the program has ended; takes its words meanwhile. True: `fd` is ready.
  bool wait(int fd, short events);
  void take_words();
  void reap() noexcept;

  const RunOptions options_;
  const std::string name_;
  pid_t pid_ = -1;  // -1: reaped
  bool has_ended_ = false;
  End end_;
  UniqueFd pidfd_;
  UniqueFd data_;  // our end of its input or output
  // The end that a fed program reads from. Open here, too: so that it can be told what the program left, and because
  // to write to a program that has gone is no signal then.
  UniqueFd unread_;
  UniqueFd words_;  // its standard error
  LastWords last_words_;
};

}  // namespace lshost::exec
