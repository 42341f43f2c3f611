#pragma once
// The stamp that a commit leaves in its pages, so that an observer finds it in any replica's bytes, whatever its
// layout.
//
// 16 bytes: a fixed magic, then the number of the commit in big-endian order. The magic is random, so that it is found
// by accident never; both halves have no byte run that an LZ4 or zstd matcher would care about.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace lshost::bench {

inline constexpr std::array<unsigned char, 8> kMarkerMagic{0xa7, 0x1c, 0xe9, 0x53, 0x8d, 0x36, 0xf2, 0xb4};
inline constexpr std::size_t kMarkerSize = 16;
using Marker = std::array<unsigned char, kMarkerSize>;

[[nodiscard]] inline Marker make_marker(std::uint64_t commit) noexcept {
  Marker marker{};
  std::memcpy(marker.data(), kMarkerMagic.data(), kMarkerMagic.size());
  for (std::size_t i = 0; i < 8; ++i) marker[8 + i] = static_cast<unsigned char>(commit >> (56 - 8 * i));
  return marker;
}

/// Calls found(commit) for every whole marker in `bytes`, in order.
template <class Found>
void scan_markers(std::span<const unsigned char> bytes, Found&& found) {
  const unsigned char* at = bytes.data();
  const unsigned char* const end = at + bytes.size();
  while (at < end) {
    at = static_cast<const unsigned char*>(
        ::memmem(at, static_cast<std::size_t>(end - at), kMarkerMagic.data(), kMarkerMagic.size()));
    if (at == nullptr || static_cast<std::size_t>(end - at) < kMarkerSize) return;
    std::uint64_t commit = 0;
    for (std::size_t i = 8; i < kMarkerSize; ++i) commit = commit << 8 | at[i];
    found(commit);
    at += kMarkerSize;
  }
}

}  // namespace lshost::bench
