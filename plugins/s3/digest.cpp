#include "digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <lshost/cpp/error.hpp>

namespace lshost::s3 {
namespace {

[[noreturn]] void fail(const char* algorithm) {
  throw Error(LSHOST_E_INTERNAL, std::string("OpenSSL can not compute ") + algorithm, LSHOST_ERR_OPERATOR);
}

template <std::size_t N>
std::array<std::byte, N> digest(const EVP_MD* algorithm, const char* name, std::span<const std::byte> bytes) {
  std::array<std::byte, N> result{};
  unsigned size = N;
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(result.data()), &size,
                              algorithm, nullptr);
  if (done != 1 || size != N) fail(name);
  return result;
}

}  // namespace

Sha256 sha256(std::span<const std::byte> bytes) { return digest<32>(EVP_sha256(), "SHA-256", bytes); }

Md5 md5(std::span<const std::byte> bytes) { return digest<16>(EVP_md5(), "MD5", bytes); }

Sha256 hmac_sha256(std::span<const std::byte> key, std::string_view text) {
  Sha256 result{};
  unsigned size = static_cast<unsigned>(result.size());
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), reinterpret_cast<unsigned char*>(result.data()), &size);
  if (done == nullptr || size != result.size()) fail("HMAC-SHA-256");
  return result;
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

std::string to_base64(std::span<const std::byte> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock writes a NUL behind it
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace lshost::s3
