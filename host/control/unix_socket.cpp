#include "control/unix_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random_id.hpp"

namespace lshost::control {

namespace {

using std::chrono::milliseconds;

constexpr int kBacklog = 16;
/// Hosts that start at once take turns at a folder; each turn is a few system calls.
constexpr milliseconds kTurnPatience(2000);
/// A living host accepts at once.
constexpr milliseconds kLifeSign(1000);

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string name_of(const std::string& path) { return std::filesystem::path(path).filename().string(); }

/// An address may have 107 bytes, a path more: it leads through the descriptor of the folder.
sockaddr_un address_of(int folder, const std::string& name, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = "/proc/self/fd/" + std::to_string(folder) + "/" + name;
  if (text.size() >= sizeof address.sun_path)
    throw Error(ErrorCode::invalid, "control socket " + path + ": the name of the socket is too long");
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

UniqueFd open_folder(const std::string& path) {
  UniqueFd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw_errno("control socket: open", folder_of(path));
  return folder;
}

/// Whoever can write to the folder can put a socket of their own in the place of a host's, and read and answer what is
/// asked. Where all may write but each only to what is theirs (sticky, as /tmp is), nobody can.
void require_trusted(int folder, const std::string& path) {
  struct stat found{};
  if (::fstat(folder, &found) != 0) throw_errno("control socket: look at", folder_of(path));
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::denied, "control socket " + path + ": refused: its folder " + why +
                                       "; hint: name another socket in [control], in a folder of mode 0700");
  };
  if (found.st_uid != 0 && found.st_uid != ::geteuid()) refuse("belongs to another user");
  if ((found.st_mode & S_ISVTX) == 0 && (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) refuse("is writable by others");
}

UniqueFd new_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno("control socket: make", "a socket");
  return socket;
}

void set_limit(int descriptor, milliseconds limit) {
  const timeval time{limit.count() / 1000, static_cast<suseconds_t>(limit.count() % 1000 * 1000)};
  for (const int option : {SO_SNDTIMEO, SO_RCVTIMEO}) {
    if (::setsockopt(descriptor, SOL_SOCKET, option, &time, sizeof time) != 0)
      throw_errno("control socket: set", "a time limit");
  }
}

/// 0, or what connect() says.
int try_connect(int socket, const sockaddr_un& address) {
  for (;;) {
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

/// Of a name in a folder; nullopt: there is nothing.
std::optional<struct stat> look_at(int folder, const std::string& name, const std::string& path) {
  struct stat found{};
  if (::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) return found;
  if (errno == ENOENT) return std::nullopt;
  throw_errno("control socket: look at", path);
}

/// Throws unless the name is free, or holds what a dead host left.
void require_free(int folder, const std::string& name, const std::string& path) {
  const auto found = look_at(folder, name, path);
  if (!found) return;
  if (!S_ISSOCK(found->st_mode))
    throw Error(ErrorCode::invalid, "control socket " + path + ": something that is no socket lies there");
  const UniqueFd probe = new_socket();
  set_limit(probe.get(), kLifeSign);
  const int failure = try_connect(probe.get(), address_of(folder, name, path));
  if (failure == ECONNREFUSED || failure == ENOENT) return;
  // Connected, or too busy to accept, or not ours to ask: it lives.
  throw Error(ErrorCode::transient,
              "control socket " + path + ": another host listens there; hint: give each its own socket in [control]");
}

/// Looking and replacing is one step to all other hosts that do the same.
void take_turn(int folder, const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + kTurnPatience;
  while (::flock(folder, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno("control socket: lock the folder of", path);
    if (std::chrono::steady_clock::now() >= deadline)
      throw Error(ErrorCode::transient, "control socket " + path + ": its folder is locked by somebody");
    pause_for(milliseconds(5));
  }
}

}  // namespace

ListeningSocket::ListeningSocket(const std::string& path) : path_(path) {
  // The folder of all such sockets lies in one that is there, or the path is wrong.
  if (::mkdir(folder_of(path).c_str(), 0700) != 0 && errno != EEXIST)
    throw_errno("control socket: make", folder_of(path));
  folder_ = open_folder(path);
  require_trusted(folder_.get(), path);
  const std::string name = name_of(path);
  const std::string unfinished = ".lshost-" + random_id();
  take_turn(folder_.get(), path);
  require_free(folder_.get(), name, path);
  listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_) throw_errno("control socket: make", path);
  // The mode of the descriptor becomes that of the name. It listens before it has the name that others know.
  const sockaddr_un address = address_of(folder_.get(), unfinished, path);
  if (::fchmod(listener_.get(), 0600) != 0 ||
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw_errno("control socket: bind", path);
  const bool is_listening = ::fchmodat(folder_.get(), unfinished.c_str(), 0600, 0) == 0 &&
                            ::listen(listener_.get(), kBacklog) == 0 &&
                            ::renameat(folder_.get(), unfinished.c_str(), folder_.get(), name.c_str()) == 0;
  if (!is_listening) {
    const int failure = errno;
    (void)::unlinkat(folder_.get(), unfinished.c_str(), 0);
    throw_errno("control socket: listen at", path, failure);
  }
  if (const auto found = look_at(folder_.get(), name, path)) inode_ = found->st_ino;
  (void)::flock(folder_.get(), LOCK_UN);
}

ListeningSocket::~ListeningSocket() {
  try {
    take_turn(folder_.get(), path_);
    const auto found = look_at(folder_.get(), name_of(path_), path_);
    if (found && found->st_ino == inode_) (void)::unlinkat(folder_.get(), name_of(path_).c_str(), 0);
  } catch (const Error&) {  // a name without a host behind it is replaced by the next one
  }
}

UniqueFd connect_to(const std::string& path, milliseconds limit) {
  const UniqueFd folder = open_folder(path);
  UniqueFd socket = new_socket();
  set_limit(socket.get(), limit);
  const int failure = try_connect(socket.get(), address_of(folder.get(), name_of(path), path));
  if (failure == 0) return socket;
  if (failure == ECONNREFUSED || failure == ENOENT)
    throw Error(ErrorCode::not_found, "no host listens at " + path + "; hint: is it running, with this configuration?");
  throw_errno("control socket: connect to", path, failure);
}

uid_t peer_user(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    throw_errno("control socket: ask for", "the user behind it");
  return peer.uid;
}

}  // namespace lshost::control
