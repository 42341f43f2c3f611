#pragma once
// SIGTERM and SIGINT as a stop request, SIGHUP as a call. A second stop ends the process at once with exit code 1.

#include <functional>
#include <memory>
#include <stop_token>

namespace lshost::os {

/// Blocks SIGTERM, SIGINT and SIGHUP for the calling thread and all it starts later, and watches for them on its own
/// thread. SIGPIPE and SIGXFSZ are ignored: a write says the same with errno.
///
/// Ownership: construct it in main before any other thread; one per process. The destructor gives the calling thread
///            its mask back.
/// Threads:   stop callbacks run on the signal thread and must be short: a second signal waits for them.
/// Errors:    the constructor throws Error{transient} without descriptors.
/// Programs that are started inherit the mask and what is ignored: reset both in the child (posix_spawnattr).
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Stop is requested at the first SIGTERM or SIGINT.
  [[nodiscard]] std::stop_token stop_token() const;

  /// From now on SIGHUP calls `call`, on the signal thread, so it must be short; nullptr: nobody is called. One that
  /// came before and called nobody is made up for here and now. On return no call of what was set before goes on.
  void on_hangup(std::function<void()> call);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lshost::os
