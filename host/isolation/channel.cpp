#include "isolation/channel.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace lshost::isolation {
namespace {

constexpr std::size_t kDescriptorsMax = 3;  // that one message carries

/// Room for ancillary data, aligned as the kernel wants it.
union Control {
  cmsghdr alignment;
  std::array<char, CMSG_SPACE(kDescriptorsMax * sizeof(int))> bytes;
};

std::vector<UniqueFd> take_descriptors(msghdr& message) {
  std::vector<UniqueFd> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      taken.emplace_back(fd);
    }
  }
  return taken;
}

}  // namespace

// ---- packets ----

void MessageAssembler::store_header(MutableByteSpan into, Kind kind, std::uint64_t id, bool has_more) {
  std::fill(into.begin(), into.end(), std::byte{0});
  into[0] = static_cast<std::byte>(kind);
  into[1] = static_cast<std::byte>(has_more ? 1 : 0);
  store_be(into.data() + 8, id);
}

std::optional<Message> MessageAssembler::add(ByteSpan packet, std::vector<UniqueFd> descriptors) {
  Reader header(packet);
  const auto kind = header.one_of(kLastKind);
  const bool has_more = header.flag();
  for (int i = 0; i < 6; ++i) {
    if (header.u8() != 0) throw Error(ErrorCode::corrupt, "a message with a header that is not known");
  }
  const std::uint64_t id = header.u64();
  const ByteSpan body = header.rest();
  if (!begun_) {
    begun_ = Message{kind, id, {}, std::move(descriptors)};
  } else if (begun_->kind != kind || begun_->id != id || !descriptors.empty()) {
    throw Error(ErrorCode::corrupt, "a message in the middle of another one");
  }
  if (body.size() > kMessageMax - begun_->body.size()) throw Error(ErrorCode::corrupt, "a message that does not end");
  begun_->body.insert(begun_->body.end(), body.begin(), body.end());
  if (has_more) return std::nullopt;
  std::optional<Message> whole = std::move(begun_);
  begun_.reset();
  return whole;
}

// ---- the socket ----

Channel::Channel(UniqueFd socket, Descriptors descriptors)
    : socket_(std::move(socket)),
      descriptors_(descriptors),
      packet_(MessageAssembler::kHeaderSize + MessageAssembler::kPacketBodyMax) {}

std::pair<UniqueFd, UniqueFd> Channel::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno("socketpair", "isolation");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void Channel::set_send_limit(std::chrono::milliseconds limit) const {
  timeval time{};
  time.tv_sec = static_cast<time_t>(limit.count() / 1000);
  time.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
  if (::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) != 0) throw_errno("setsockopt", "");
}

/// False: not without waiting, or longer than the limit.
bool Channel::send_packet(std::span<const iovec> parts, std::span<const int> descriptors, int flags) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg only reads
  message.msg_iovlen = parts.size();
  Control control{};
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | flags) >= 0) return true;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return false;
    const int err = errno;
    is_broken_ = true;
    throw Error(ErrorCode::transient, std::string("the plugin's process can not be reached: ") + std::strerror(err));
  }
}

void Channel::send(Kind kind, std::uint64_t id, ByteSpan body, std::span<const int> descriptors) {
  const MutexLock lock(mutex_);
  if (is_broken_) throw Error(ErrorCode::transient, "the plugin's process can not be reached any more");
  for (bool is_first = true; is_first || !body.empty(); is_first = false) {
    const ByteSpan piece = body.first(std::min(body.size(), MessageAssembler::kPacketBodyMax));
    body = body.subspan(piece.size());
    std::array<std::byte, MessageAssembler::kHeaderSize> header;
    MessageAssembler::store_header(header, kind, id, !body.empty());
    const std::array<iovec, 2> parts = {
        iovec{header.data(), header.size()},
        iovec{const_cast<std::byte*>(piece.data()), piece.size()},  // sendmsg only reads
    };
    if (send_packet(parts, is_first ? descriptors : std::span<const int>(), 0)) continue;
    is_broken_ = true;  // half a message may have gone
    throw Error(ErrorCode::transient, "the plugin's process does not read what it is sent");
  }
}

bool Channel::try_send(Kind kind, std::uint64_t id, ByteSpan body, std::span<const int> descriptors) {
  const MutexLock lock(mutex_);
  if (is_broken_) throw Error(ErrorCode::transient, "the plugin's process can not be reached any more");
  std::array<std::byte, MessageAssembler::kHeaderSize> header;
  MessageAssembler::store_header(header, kind, id, false);
  const std::array<iovec, 2> parts = {
      iovec{header.data(), header.size()},
      iovec{const_cast<std::byte*>(body.data()), body.size()},  // sendmsg only reads
  };
  return send_packet(parts, descriptors, MSG_DONTWAIT);
}

std::variant<Message, Channel::Nothing, Channel::Closed> Channel::receive(bool wait) {
  for (;;) {
    iovec part{packet_.data(), packet_.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Control control{};
    if (descriptors_ == Descriptors::taken) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = sizeof control;
    }
    // Without room for them the kernel lets descriptors go before this process ever has them.
    const auto size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Nothing{};
    if (size <= 0) return Closed{};
    auto descriptors = take_descriptors(message);
    if ((message.msg_flags & MSG_TRUNC) != 0) throw Error(ErrorCode::corrupt, "a packet that is too long");
    if (auto whole = assembler_.add(ByteSpan(packet_).first(static_cast<std::size_t>(size)), std::move(descriptors)))
      return *std::move(whole);
  }
}

}  // namespace lshost::isolation
