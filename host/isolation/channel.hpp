#pragma once
// One end of the socket between the host and a plugin's process: whole messages, of any size up to a limit.
//
// A SOCK_SEQPACKET socket: packets keep their borders, and the end of the other process is an end of the stream. A long
// message is several packets in a row.

#include <sys/uio.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "isolation/messages.hpp"

namespace lshost::isolation {

struct Message {
  Kind kind = Kind::create;
  std::uint64_t id = 0;  ///< of the request, where it is one or answers one; else 0
  Bytes body;
  std::vector<UniqueFd> descriptors;  ///< only where the channel takes them
};

/// Puts packets together. Pure; throws Error{corrupt} on what no sender of ours makes.
class MessageAssembler {
 public:
  static constexpr std::size_t kHeaderSize = 16;
  static constexpr std::size_t kPacketBodyMax = 32 * 1024;
  static constexpr std::size_t kMessageMax = std::size_t{64} << 20;

  /// Takes one packet. nullopt: the message has more of them.
  [[nodiscard]] std::optional<Message> add(ByteSpan packet, std::vector<UniqueFd> descriptors);

  /// The header of a packet. `has_more`: of this message.
  static void store_header(MutableByteSpan into, Kind kind, std::uint64_t id, bool has_more);

 private:
  std::optional<Message> begun_;
};

/// Ownership: owns the socket.
/// Threads:   send from any, one message after the other; receive from one.
class Channel {
 public:
  /// Whether descriptors are taken from the other side. The host takes none: see messages.hpp.
  enum class Descriptors { refused, taken };
  struct Nothing {};  ///< no message is there now
  struct Closed {};   ///< the other side is gone

  Channel(UniqueFd socket, Descriptors descriptors);

  /// A connected pair, both closed on exec. Throws Error{transient} where there are no descriptors.
  [[nodiscard]] static std::pair<UniqueFd, UniqueFd> make_pair();

  /// How long a send may wait for the other side to read; for ever unless it is called.
  void set_send_limit(std::chrono::milliseconds limit) const;

  /// Throws Error{transient}: the other side is gone or does not read. Then nothing more can be sent. Borrows
  /// `descriptors`, which go with the first packet.
  void send(Kind kind, std::uint64_t id, ByteSpan body, std::span<const int> descriptors = {}) LSHOST_EXCLUDES(mutex_);
  /// A message of one packet, without waiting. False: the other side does not read now, or another message is being
  /// sent. Throws as send().
  [[nodiscard]] bool try_send(Kind kind, std::uint64_t id, ByteSpan body, std::span<const int> descriptors)
      LSHOST_EXCLUDES(mutex_);

  /// Waits for a packet if `wait`. Throws Error{corrupt}.
  [[nodiscard]] std::variant<Message, Nothing, Closed> receive(bool wait);

  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

 private:
  [[nodiscard]] bool send_packet(std::span<const iovec> parts, std::span<const int> descriptors, int flags)
      LSHOST_REQUIRES(mutex_);

  const UniqueFd socket_;
  const Descriptors descriptors_;
  Mutex mutex_;  // held while a message is sent, so that its packets stay together
  bool is_broken_ LSHOST_GUARDED_BY(mutex_) = false;

  MessageAssembler assembler_;  // the receiving thread's
  Bytes packet_;
};

}  // namespace lshost::isolation
