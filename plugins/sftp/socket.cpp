#include "socket.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

namespace lshost::sftp {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// Looking a name up can not be interrupted; how long it takes is up to the resolver's configuration.
Addresses resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  int error = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    hints.ai_flags = 0;  // a machine that has only its loopback knows no address "configured"
    error = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  }
  if (error == 0) return {found, &::freeaddrinfo};
  const std::string why = error == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(error);
  throw ConnectionLost(address.text() + ": the name can not be resolved: " + why);
}

void set(int fd, int level, int option, int value) noexcept {
  (void)::setsockopt(fd, level, option, &value, sizeof value);  // without it the connection works less well, but works
}

void tune(int fd) noexcept {
  constexpr int kIdleSeconds = 60;
  constexpr int kProbeSeconds = 15;
  constexpr int kProbes = 4;
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // small requests wait for answers: Nagle would hold them back
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

std::string text_of(int error) { return std::generic_category().message(error); }

/// 0, or what went wrong.
int error_of(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

bool is_connected(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

/// "": it is connected; otherwise what went wrong.
std::string try_connect(int fd, const addrinfo& to, const Deadline& deadline) {
  if (fd < 0) return text_of(errno);
  if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0) return "";
  if (errno != EINPROGRESS && errno != EINTR) return text_of(errno);
  try {
    while (!is_connected(fd)) {
      deadline.wait(fd, POLLOUT, "no answer");
      if (const int error = error_of(fd); error != 0) return text_of(error);
    }
  } catch (const ConnectionLost& late) {
    return late.what();
  }
  return "";
}

int count_of(const addrinfo* addresses) {
  int count = 0;
  for (; addresses != nullptr; addresses = addresses->ai_next) ++count;
  return count;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) (void)::close(fd_);
}

Socket connect_to(const Address& address, const Deadline& deadline) {
  const Addresses addresses = resolve(address);
  std::string why;
  for (const addrinfo* to = addresses.get(); to != nullptr; to = to->ai_next) {
    Socket socket(::socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol));
    // One that is silent, like IPv6 on half of the networks, leaves time for the others.
    why = try_connect(socket.get(), *to, deadline.part(count_of(to)));
    if (why.empty()) {
      tune(socket.get());
      return socket;
    }
  }
  throw ConnectionLost(address.text() + ": no connection: " + why);
}

}  // namespace lshost::sftp
