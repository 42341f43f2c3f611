#include "engine/format/age/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <string>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace lshost::engine::age {
namespace {

template <auto free_it>
struct Freed {
  template <class T>
  void operator()(T* what) const noexcept {
    free_it(what);
  }
};

using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Kdf = std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;

[[noreturn]] void fail(const std::string& what) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  ERR_clear_error();
  throw Error(ErrorCode::internal, "encryption: " + what + ": " + reason.data());
}

/// For OpenSSL's functions: 1 is success, and a failure leaves something in its queue of errors.
void must(int result, const char* what) {
  if (result != 1) fail(what);
}

const unsigned char* in(ByteSpan bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* out(MutableByteSpan bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

/// A void* where OpenSSL reads only.
OSSL_PARAM octets(const char* key, ByteSpan bytes) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<std::byte*>(bytes.data()), bytes.size());
}

Pkey load_secret(const SecretKey& secret) {
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, in(secret.view()), kKeySize));
  if (!key) fail("X25519 key");
  return key;
}

}  // namespace

void wipe(MutableByteSpan secret) noexcept { OPENSSL_cleanse(secret.data(), secret.size()); }

void fill_random(MutableByteSpan into) {
  must(RAND_priv_bytes(out(into), static_cast<int>(into.size())), "random numbers");
}

PublicKey x25519_public_key(const SecretKey& secret) {
  PublicKey key{};
  std::size_t size = key.size();
  must(EVP_PKEY_get_raw_public_key(load_secret(secret).get(), out(key), &size), "X25519 public key");
  return key;
}

std::optional<SecretKey> x25519_shared(const SecretKey& secret, const PublicKey& peer) {
  const Pkey key = load_secret(secret);
  const Pkey peer_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, in(peer), kKeySize));
  if (!peer_key) fail("X25519 public key");
  const PkeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!context) fail("X25519");
  must(EVP_PKEY_derive_init(context.get()), "X25519");
  must(EVP_PKEY_derive_set_peer(context.get(), peer_key.get()), "X25519");
  SecretKey shared;
  std::size_t size = kKeySize;
  if (EVP_PKEY_derive(context.get(), out(shared.fill()), &size) == 1) return shared;
  ERR_clear_error();  // all other causes are out of the way: it refuses to give zeros
  return std::nullopt;
}

SecretKey hkdf_sha256(ByteSpan secret, ByteSpan salt, std::string_view info) {
  const Kdf kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
  if (!context) fail("HKDF");
  std::string digest = "SHA256";
  const auto info_bytes = std::as_bytes(std::span(info));
  const std::array<OSSL_PARAM, 5> with_salt{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0), octets(OSSL_KDF_PARAM_KEY, secret),
      octets(OSSL_KDF_PARAM_INFO, info_bytes),
      salt.empty() ? OSSL_PARAM_construct_end() : octets(OSSL_KDF_PARAM_SALT, salt), OSSL_PARAM_construct_end()};
  SecretKey derived;
  must(EVP_KDF_derive(context.get(), out(derived.fill()), kKeySize, with_salt.data()), "HKDF");
  return derived;
}

Mac hmac_sha256(const SecretKey& key, std::string_view text) {
  Mac mac{};
  unsigned int size = mac.size();
  const auto* done =
      HMAC(EVP_sha256(), key.view().data(), kKeySize, in(std::as_bytes(std::span(text))), text.size(), out(mac), &size);
  if (done == nullptr || size != mac.size()) fail("HMAC");
  return mac;
}

bool is_equal(ByteSpan a, ByteSpan b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Aead::Context {
  CipherContext cipher;
  SecretKey key;
};

Aead::Aead(const SecretKey& key) : context_(std::make_unique<Context>()) {
  context_->cipher.reset(EVP_CIPHER_CTX_new());
  if (!context_->cipher) fail("ChaCha20-Poly1305");
  std::memcpy(context_->key.fill().data(), key.view().data(), kKeySize);
}

Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const Nonce& nonce, ByteSpan plain, MutableByteSpan sealed) {
  LSHOST_ASSERT(sealed.size() == plain.size() + kTagSize);
  auto* cipher = context_->cipher.get();
  int size = 0;
  must(EVP_EncryptInit_ex(cipher, EVP_chacha20_poly1305(), nullptr, in(context_->key.view()), in(nonce)), "encrypt");
  must(EVP_EncryptUpdate(cipher, out(sealed), &size, in(plain), static_cast<int>(plain.size())), "encrypt");
  must(EVP_EncryptFinal_ex(cipher, out(sealed) + size, &size), "encrypt");
  must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, kTagSize, out(sealed.last(kTagSize))), "encrypt");
}

bool Aead::open(const Nonce& nonce, ByteSpan sealed, MutableByteSpan plain) {
  LSHOST_ASSERT(sealed.size() == plain.size() + kTagSize);
  auto* cipher = context_->cipher.get();
  int size = 0;
  std::array<std::byte, kTagSize> tag{};
  std::memcpy(tag.data(), sealed.last(kTagSize).data(), kTagSize);
  must(EVP_DecryptInit_ex(cipher, EVP_chacha20_poly1305(), nullptr, in(context_->key.view()), in(nonce)), "decrypt");
  must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()), "decrypt");
  must(EVP_DecryptUpdate(cipher, out(plain), &size, in(sealed), static_cast<int>(plain.size())), "decrypt");
  if (EVP_DecryptFinal_ex(cipher, out(plain) + size, &size) == 1) return true;
  ERR_clear_error();
  wipe(plain);
  return false;
}

}  // namespace lshost::engine::age
