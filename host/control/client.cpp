#include "control/client.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "control/unix_socket.hpp"

namespace lshost::control {

namespace {

constexpr std::chrono::seconds kPatience(10);

/// The answer may be a file of somebody else's making; ours alone is believed. Root believes whom it asks.
void require_trusted(int socket, const std::string& path) {
  const uid_t user = peer_user(socket);
  if (user == ::geteuid() || user == 0 || ::geteuid() == 0) return;
  throw Error(ErrorCode::denied, "the host at " + path + " runs as another user (" + std::to_string(user) + ")");
}

void send_all(int socket, const std::string& line, const std::string& path) {
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = ::send(socket, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("send to", path);
    sent += static_cast<std::size_t>(count);
  }
}

std::string receive_line(int socket, const std::string& path) {
  std::string line;
  std::array<char, 65'536> buffer;
  while (line.size() <= kReplySizeMax) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN)
      throw Error(ErrorCode::transient, "the host at " + path + " does not answer; hint: look at its log");
    if (count < 0) throw_errno("receive from", path);
    if (count == 0) throw Error(ErrorCode::transient, "the host at " + path + " ended before it had answered");
    line.append(buffer.data(), static_cast<std::size_t>(count));
    if (line.ends_with('\n')) return line;
  }
  throw Error(ErrorCode::corrupt, "the answer from " + path + " has no end");
}

}  // namespace

nlohmann::ordered_json ask(const std::string& socket, const Request& request) {
  const std::chrono::milliseconds limit = request.command == Command::status ? kPatience : std::chrono::milliseconds(0);
  const UniqueFd connection = connect_to(socket, limit);
  require_trusted(connection.get(), socket);
  send_all(connection.get(), request_line(request), socket);
  return parse_reply(receive_line(connection.get(), socket), to_string(request.command));
}

}  // namespace lshost::control
