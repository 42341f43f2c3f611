#pragma once
// How long to wait before trying again: exponential, capped, with jitter. Pure.

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lshost {

/// delay(attempt, random) grows from `first` by doubling up to `cap`, and is then spread over
/// [half, whole] by `random`, so that a thousand replicas do not come back in the same instant.
struct Backoff {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds cap{30'000};

  /// `attempt` counts from 0; `random` is any 64 random bits.
  [[nodiscard]] constexpr std::chrono::milliseconds delay(std::uint32_t attempt, std::uint64_t random) const noexcept {
    const auto doublings = std::min<std::uint32_t>(attempt, 30);
    const auto whole = std::min<std::int64_t>(cap.count(), first.count() << doublings);
    const auto half = whole / 2;
    return std::chrono::milliseconds(half +
                                     static_cast<std::int64_t>(random % static_cast<std::uint64_t>(whole - half + 1)));
  }
};

}  // namespace lshost
