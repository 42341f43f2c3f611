#pragma once
// Views of bytes and fixed-width loads and stores in both byte orders.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace lshost {

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

template <std::unsigned_integral T>
[[nodiscard]] constexpr T byteswap(T value) noexcept {
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

/// Loads a big-endian value. REQUIRES: `from` points at sizeof(T) readable bytes; any alignment.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::big ? value : byteswap(value);
}

/// Stores a value big-endian. REQUIRES: `to` points at sizeof(T) writable bytes; any alignment.
template <std::unsigned_integral T>
inline void store_be(std::byte* to, T value) noexcept {
  if constexpr (std::endian::native != std::endian::big) value = byteswap(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace lshost
