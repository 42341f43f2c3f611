#pragma once
// Unix sockets with names of any length, that never take the place of a living one.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "base/unique_fd.hpp"

namespace lshost::control {

/// A listening socket under a name, mode 0600 from its first moment on. The destructor takes the name away, if it is
/// still ours. Threads: one; the descriptor may be polled by another.
class ListeningSocket {
 public:
  /// Replaces the socket of a host that is dead. Makes the folder (0700) if that is all that is missing. Throws Error:
  /// {transient} a living host listens there, {invalid} something that is no socket lies there, {denied} the folder is
  /// another user's or writable by others, and what the system says.
  explicit ListeningSocket(const std::string& path);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return listener_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  const std::string path_;
  UniqueFd folder_;
  UniqueFd listener_;
  std::uint64_t inode_ = 0;
};

/// Connects to a listening socket; reads and writes on it are given up after `limit` (0: never). Throws
/// Error{not_found} where nobody listens.
[[nodiscard]] UniqueFd connect_to(const std::string& path, std::chrono::milliseconds limit);

/// The user behind the other end. Throws Error.
[[nodiscard]] uid_t peer_user(int descriptor);

}  // namespace lshost::control
