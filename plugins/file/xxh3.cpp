#include "xxh3.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace lshost::file {

struct Xxh3Stream::State {
  XXH3_state_t xxh;
};

std::uint64_t xxh3(std::span<const std::byte> bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t xxh3(std::string_view text) noexcept { return xxh3(std::as_bytes(std::span(text))); }

Xxh3Stream::Xxh3Stream() : state_(std::make_unique<State>()) { (void)XXH3_64bits_reset(&state_->xxh); }

Xxh3Stream::~Xxh3Stream() = default;

void Xxh3Stream::update(std::span<const std::byte> bytes) noexcept {
  (void)XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
}

std::uint64_t Xxh3Stream::value() const noexcept { return XXH3_64bits_digest(&state_->xxh); }

}  // namespace lshost::file
