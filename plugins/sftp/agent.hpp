#pragma once
// The SSH agent, asked without the risk that it never answers.

#include <thread>

#include "patience.hpp"
#include "socket.hpp"
#include "ssh_session.hpp"

namespace lshost::sftp {

/// Ends a connection once a deadline is over or the host stops, for a caller who waits on it without a limit.
///
/// Threads: constructed and destroyed on one; it has a thread of its own, which the destructor joins.
class DeadlineWatch {
 public:
  /// `fd` is duplicated: it may be closed meanwhile.
  DeadlineWatch(int fd, const Deadline& deadline);
  ~DeadlineWatch() = default;
  DeadlineWatch(const DeadlineWatch&) = delete;
  DeadlineWatch& operator=(const DeadlineWatch&) = delete;

 private:
  Socket socket_;
  std::jthread thread_;  // last, so that it is joined first
};

/// Offers the server the keys of the agent that SSH_AUTH_SOCK leads to, and lets that sign. Returns what libssh says:
/// SSH_AUTH_SUCCESS, SSH_AUTH_PARTIAL, SSH_AUTH_DENIED, SSH_AUTH_ERROR. Throws ConnectionLost when the deadline is
/// over, Cancelled when the host stops.
[[nodiscard]] int log_in_with_agent(const SshSession& session, const Deadline& deadline);

/// Whether SSH_AUTH_SOCK is set at all.
[[nodiscard]] bool has_agent() noexcept;

}  // namespace lshost::sftp
