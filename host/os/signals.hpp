#pragma once
// SIGTERM and SIGINT as a stop request. A second one ends the process at once with exit code 1.

#include <stop_token>

namespace lshost::os {

/// Blocks SIGTERM, SIGINT and SIGHUP for the calling thread and all it starts later, ignores SIGPIPE, and
/// watches for them on its own thread. Construct it in main before any other thread. One per process.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Stop is requested at the first SIGTERM or SIGINT.
  [[nodiscard]] std::stop_token stop_token() const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace lshost::os
