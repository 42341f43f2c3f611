#pragma once
// Values as bytes and back, for messages between the host and a plugin's process. Pure.
//
// Both ends are the same program on the same machine, so there are no versions. What a plugin's process sends is bad
// input until it was read: a Reader checks every size against what is there, never recurses, and never allocates more
// than the message can fill.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace lshost::isolation {

using Bytes = std::vector<std::byte>;

/// Appends values. One thread at a time.
class Writer {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }
  void u32(std::uint32_t value) { append(value); }
  void u64(std::uint64_t value) { append(value); }
  void i64(std::int64_t value) { append(static_cast<std::uint64_t>(value)); }
  void real(double value) { append(std::bit_cast<std::uint64_t>(value)); }
  void flag(bool value) { u8(value ? 1 : 0); }
  void text(std::string_view value) {
    u32(static_cast<std::uint32_t>(value.size()));
    raw(std::as_bytes(std::span(value.data(), value.size())));
  }
  void raw(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  template <class T>
  void append(T value) {
    std::byte buffer[sizeof value];
    store_be(buffer, value);
    raw(buffer);
  }

  Bytes bytes_;
};

/// Takes values off the front of a message. Borrows the bytes. Errors: Error{corrupt} where a value is not there, or
/// can not be.
class Reader {
 public:
  explicit Reader(ByteSpan bytes) : rest_(bytes) {}

  [[nodiscard]] std::uint8_t u8() { return static_cast<std::uint8_t>(take(1).front()); }
  [[nodiscard]] std::uint32_t u32() { return load<std::uint32_t>(); }
  [[nodiscard]] std::uint64_t u64() { return load<std::uint64_t>(); }
  [[nodiscard]] std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
  [[nodiscard]] double real() { return std::bit_cast<double>(u64()); }
  [[nodiscard]] bool flag();
  [[nodiscard]] std::string text();
  /// One of an enumeration whose last member is `last`.
  template <class Enum>
  [[nodiscard]] Enum one_of(Enum last) {
    const std::uint8_t value = u8();
    if (value > static_cast<std::uint8_t>(last)) refuse("a value that is not known");
    return static_cast<Enum>(value);
  }
  /// How many elements follow, each of which has at least `element_size` bytes.
  [[nodiscard]] std::size_t count(std::size_t element_size);

  [[nodiscard]] ByteSpan rest() const noexcept { return rest_; }
  /// REQUIRES of the message: nothing is left.
  void expect_end() const;

 private:
  [[noreturn]] static void refuse(const char* what);
  [[nodiscard]] ByteSpan take(std::size_t size);
  template <class T>
  [[nodiscard]] T load() {
    return load_be<T>(take(sizeof(T)).data());
  }

  ByteSpan rest_;
};

}  // namespace lshost::isolation
