#pragma once
// What every fuzz target uses: the input in parts, what has to be true, and what an input may cost.
//
// A target NAME is one function, fuzz_NAME(ByteSpan), in targets/NAME.cpp. It returns for every input, whatever its
// bytes are. A failed expect(), an exception that leaves it and everything that a sanitizer sees are findings.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace lshost::fuzz {

using Bytes = std::vector<std::byte>;

/// Says `what` was expected and where, and aborts, unless it is so.
void expect(bool is_so, std::string_view what, std::source_location where = std::source_location::current());

/// An input, taken apart from its front. Behind its end are zeros and empty parts.
class Input {
 public:
  explicit Input(ByteSpan bytes) : rest_(bytes) {}

  [[nodiscard]] std::uint8_t byte() {
    const ByteSpan taken = part(1);
    return taken.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(taken[0]);
  }
  /// Two bytes, big-endian.
  [[nodiscard]] std::uint16_t number() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8U | byte());
  }
  [[nodiscard]] ByteSpan part(std::size_t size) {
    const ByteSpan taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] ByteSpan rest() const noexcept { return rest_; }
  /// What is left, as text.
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(rest_.data()), rest_.size()};
  }

 private:
  ByteSpan rest_;
};

[[nodiscard]] inline Bytes copy_of(ByteSpan bytes) { return {bytes.begin(), bytes.end()}; }
[[nodiscard]] inline std::string_view text_of(ByteSpan bytes) { return Input(bytes).text(); }
[[nodiscard]] inline ByteSpan bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// How much memory was taken at most while this lives, beyond what was there before. One at a time, one thread.
/// Measured with AddressSanitizer only; elsewhere it is 0.
class MemoryPeak {
 public:
  MemoryPeak();
  ~MemoryPeak();
  MemoryPeak(const MemoryPeak&) = delete;
  MemoryPeak& operator=(const MemoryPeak&) = delete;

  [[nodiscard]] std::size_t bytes() const noexcept;
};

}  // namespace lshost::fuzz
