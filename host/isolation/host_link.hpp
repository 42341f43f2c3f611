#pragma once
// The way from a plugin's process to its host. Where there is none any more, the process ends: it has no other purpose.

#include "isolation/channel.hpp"

namespace lshost::isolation {

/// Threads: safe, and send() may wait for the host; receive() from one thread.
class HostLink {
 public:
  /// The descriptor is moved to a high number first: a plugin that closes what it did not open begins with the low
  /// ones, and what it opens next takes their place.
  explicit HostLink(int descriptor);

  /// Ends the process if the host is gone.
  void send(Kind kind, std::uint64_t id, ByteSpan body) noexcept;
  /// Ends the process if the host is gone, quietly where it closed its end.
  [[nodiscard]] Message receive();

 private:
  Channel channel_;
};

}  // namespace lshost::isolation
