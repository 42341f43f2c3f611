#pragma once
// The few primitives that age is made of, from OpenSSL; its types stay in crypto.cpp.
//
// Errors: Error{internal} with OpenSSL's words where a primitive itself fails; that bytes are not what they should be
// is a return value.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace lshost::engine::age {

/// Overwrites what was secret, in a way that a compiler does not leave out.
void wipe(MutableByteSpan secret) noexcept;

/// Bytes that are wiped when they go. Not to be copied.
template <std::size_t Size>
class Secret {
 public:
  Secret() = default;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  [[nodiscard]] ByteSpan view() const noexcept { return bytes_; }
  [[nodiscard]] MutableByteSpan fill() noexcept { return bytes_; }

 private:
  std::array<std::byte, Size> bytes_{};
};

inline constexpr std::size_t kKeySize = 32;  ///< of X25519, of ChaCha20-Poly1305, and what HKDF makes here
inline constexpr std::size_t kTagSize = 16;  ///< what ChaCha20-Poly1305 adds
inline constexpr std::size_t kNonceSize = 12;

using PublicKey = std::array<std::byte, kKeySize>;
using SecretKey = Secret<kKeySize>;
using Mac = std::array<std::byte, 32>;
using Nonce = std::array<std::byte, kNonceSize>;

/// Fit for keys.
void fill_random(MutableByteSpan into);

[[nodiscard]] PublicKey x25519_public_key(const SecretKey& secret);

/// nullopt: the public key is one of the few with which every secret gives the same result.
[[nodiscard]] std::optional<SecretKey> x25519_shared(const SecretKey& secret, const PublicKey& peer);

[[nodiscard]] SecretKey hkdf_sha256(ByteSpan secret, ByteSpan salt, std::string_view info);

[[nodiscard]] Mac hmac_sha256(const SecretKey& key, std::string_view text);

/// In the same time wherever they differ.
[[nodiscard]] bool is_equal(ByteSpan a, ByteSpan b) noexcept;

/// ChaCha20-Poly1305 under one key. Threads: one at a time. A nonce must not be used twice to seal.
class Aead {
 public:
  explicit Aead(const SecretKey& key);
  ~Aead();
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;

  /// REQUIRES: sealed.size() == plain.size() + kTagSize.
  void seal(const Nonce& nonce, ByteSpan plain, MutableByteSpan sealed);
  /// False: these bytes were not sealed under this key and nonce; `plain` is then zeros.
  /// REQUIRES: sealed.size() == plain.size() + kTagSize.
  [[nodiscard]] bool open(const Nonce& nonce, ByteSpan sealed, MutableByteSpan plain);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace lshost::engine::age
