#pragma once
// The payload of an age file as its format has it: a nonce, then chunks that know their number and whether they are
// last.

#include <cstddef>
#include <cstdint>

#include "engine/format/age/crypto.hpp"
#include "engine/format/age/header.hpp"

namespace lshost::engine::age {

inline constexpr std::size_t kPayloadNonceSize = 16;
inline constexpr std::size_t kChunkSize = std::size_t{64} * 1024;
inline constexpr std::size_t kSealedChunkSize = kChunkSize + kTagSize;

/// The number of the chunk in 11 bytes, big-endian, and 1 for the last chunk.
[[nodiscard]] inline Nonce chunk_nonce(std::uint64_t number, bool is_last) {
  Nonce nonce{};
  store_be(nonce.data() + 3, number);
  nonce[11] = std::byte{is_last ? std::uint8_t{1} : std::uint8_t{0}};
  return nonce;
}

/// What seals and opens the chunks of one file. REQUIRES: nonce has kPayloadNonceSize bytes.
[[nodiscard]] inline Aead payload_aead(const FileKey& file_key, ByteSpan nonce) {
  return Aead(hkdf_sha256(file_key.view(), nonce, "payload"));
}

}  // namespace lshost::engine::age
