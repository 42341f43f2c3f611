#include "agent.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>

namespace lshost::sftp {
namespace {

std::string_view agent_path() noexcept {
  const char* path = std::getenv("SSH_AUTH_SOCK");
  return path == nullptr ? "" : path;
}

/// -1: nobody listens there.
Socket connect_to_agent() {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const std::string_view path = agent_path();
  if (path.size() >= sizeof to.sun_path) return Socket(-1);
  path.copy(to.sun_path, path.size());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return socket;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return Socket(-1);
  return socket;
}

void shut_down_when_over(const std::stop_token& stop, int fd, const Deadline& deadline) {
  constexpr std::chrono::milliseconds kSlice{50};
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock hold(mutex);
  while (!stop.stop_requested() && !deadline.is_over()) {
    (void)wake.wait_for(hold, stop, kSlice, [] { return false; });
  }
  if (!stop.stop_requested()) (void)::shutdown(fd, SHUT_RDWR);
}

}  // namespace

DeadlineWatch::DeadlineWatch(int fd, const Deadline& deadline)
    : socket_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)),
      thread_([this, deadline](const std::stop_token& stop) { shut_down_when_over(stop, socket_.get(), deadline); }) {}

bool has_agent() noexcept { return !agent_path().empty(); }

int log_in_with_agent(const SshSession& session, const Deadline& deadline) {
  // libssh waits for an agent without a limit: a stopped one would hang the replica for good.
  Socket agent = connect_to_agent();
  if (agent.get() < 0) return SSH_AUTH_DENIED;
  const DeadlineWatch watch(agent.get(), deadline);
  if (::ssh_set_agent_socket(session.get(), agent.get()) != SSH_OK) return SSH_AUTH_ERROR;
  (void)agent.release();  // libssh closes it
  const int result = session.complete(deadline, SSH_AUTH_AGAIN, "no answer to the login",
                                      [&] { return ::ssh_userauth_agent(session.get(), nullptr); });
  if (result != SSH_AUTH_SUCCESS) deadline.throw_if_over(session.server() + ": the SSH agent has not answered");
  return result;
}

}  // namespace lshost::sftp
