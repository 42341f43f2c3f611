#include "isolation/host_link.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "isolation/child_process.hpp"

namespace lshost::isolation {
namespace {

constexpr int kHighDescriptor = 500;

UniqueFd moved_up(int descriptor) {
  UniqueFd low(descriptor);
  UniqueFd high(::fcntl(descriptor, F_DUPFD_CLOEXEC, kHighDescriptor));
  return high ? std::move(high) : std::move(low);
}

bool is_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

HostLink::HostLink(int descriptor) : channel_(moved_up(descriptor), Channel::Descriptors::taken) {}

void HostLink::send(Kind kind, std::uint64_t id, ByteSpan body) noexcept {
  try {
    channel_.send(kind, id, body);
  } catch (...) {
    ::_exit(is_socket(channel_.descriptor()) ? 0 : kExitWithoutHost);
  }
}

Message HostLink::receive() {
  try {
    auto received = channel_.receive(/*wait=*/true);
    if (auto* message = std::get_if<Message>(&received)) return std::move(*message);
  } catch (...) {
    ::_exit(kExitWithoutHost);
  }
  ::_exit(is_socket(channel_.descriptor()) ? 0 : kExitWithoutHost);
}

}  // namespace lshost::isolation
