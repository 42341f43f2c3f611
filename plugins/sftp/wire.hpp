#pragma once
// The bytes that go to a server and come from it. SSH is one way to carry them; a test may be another.

#include <chrono>
#include <cstddef>
#include <span>

namespace lshost::sftp {

/// A stream in both directions.
///
/// Threads: one at a time. Errors: functions throw ConnectionLost, after which the wire is of no use, and Cancelled.
class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  virtual ~Wire() = default;

  /// Sends all of it. Waits while the other side does not take it.
  virtual void send(std::span<const std::byte> bytes) = 0;
  /// Waits for bytes; at least one.
  [[nodiscard]] virtual std::size_t receive(std::span<std::byte> into) = 0;
  /// How long the two wait for the other side to move.
  virtual void set_timeout(std::chrono::milliseconds timeout) = 0;
  /// False: the other side has ended it, as far as that is known without waiting.
  [[nodiscard]] virtual bool is_open() = 0;
};

}  // namespace lshost::sftp
