#pragma once
// How large the parts of an upload are. Pure.
//
// S3 takes 10,000 parts of 5 MiB to 5 GiB. Memory is what parts cost here, so they stay as small as the object allows.

#include <algorithm>
#include <cstdint>

#include <lshost/blob_replicator.hpp>

namespace lshost::s3 {

inline constexpr std::uint32_t kPartsMax = 10'000;

/// Of part `number`, from 1, of an object of `size` bytes or kSizeUnknown.
///
/// A known size is cut into equal parts. Of an unknown one the first 5,000 parts are as configured, and then each 1,000
/// are twice as large as those before: 8 MiB make room for 523 GiB. (Equal parts for as long as possible, because
/// Cloudflare's R2 takes no others.)
[[nodiscard]] constexpr std::uint64_t part_size(std::uint64_t size, std::uint64_t configured, std::uint32_t number) {
  if (size != kSizeUnknown) return std::max(configured, (size + kPartsMax - 1) / kPartsMax);
  constexpr std::uint32_t kEqual = 5'000;
  constexpr std::uint32_t kStep = 1'000;
  return number <= kEqual ? configured : configured << (1 + (number - kEqual - 1) / kStep);
}

}  // namespace lshost::s3
