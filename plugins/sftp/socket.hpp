#pragma once
// A TCP connection to a server, made within a deadline.

#include <string>
#include <utility>

#include "address.hpp"
#include "patience.hpp"

namespace lshost::sftp {

/// A descriptor that is closed in the end, unless somebody takes it over.
class Socket {
 public:
  explicit Socket(int fd) noexcept : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// Connects to one of the host's addresses, the first that answers. The socket does not block, sends at once, and is
/// watched by the kernel's keep-alive.
/// Errors: ConnectionLost with what each address said; Error for a name that does not resolve. Cancelled.
[[nodiscard]] Socket connect_to(const Address& address, const Deadline& deadline);

}  // namespace lshost::sftp
