#pragma once
// The digests and encodings that S3 asks for, on OpenSSL.
//
// Threads: any. Errors: Error{internal} if the library has not got an algorithm (a FIPS build has no MD5).

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lshost::s3 {

using Sha256 = std::array<std::byte, 32>;
using Md5 = std::array<std::byte, 16>;

[[nodiscard]] Sha256 sha256(std::span<const std::byte> bytes);
[[nodiscard]] Md5 md5(std::span<const std::byte> bytes);
[[nodiscard]] Sha256 hmac_sha256(std::span<const std::byte> key, std::string_view text);

/// Lowercase.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
[[nodiscard]] std::string to_base64(std::span<const std::byte> bytes);

[[nodiscard]] std::span<const std::byte> bytes_of(std::string_view text) noexcept;

}  // namespace lshost::s3
