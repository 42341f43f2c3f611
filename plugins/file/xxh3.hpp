#pragma once
// XXH3-64, the one checksum of our own in this layout. From libxxhash, as a header.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace lshost::file {

[[nodiscard]] std::uint64_t xxh3(std::span<const std::byte> bytes, std::uint64_t seed = 0) noexcept;
[[nodiscard]] std::uint64_t xxh3(std::string_view text) noexcept;

/// The same over bytes that come in parts.
class Xxh3Stream {
 public:
  Xxh3Stream();
  ~Xxh3Stream();
  Xxh3Stream(const Xxh3Stream&) = delete;
  Xxh3Stream& operator=(const Xxh3Stream&) = delete;

  void update(std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lshost::file
