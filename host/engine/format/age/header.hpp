#pragma once
// The header of an age file: who can open it, and a proof that nobody changed it. Knows nothing of the payload.
//
//   age-encryption.org/v1
//   -> X25519 <ephemeral public key>
//   <the file key, sealed for one recipient>
//   ... more of these ...
//   --- <HMAC of all before, under the file key>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/age/crypto.hpp"
#include "engine/format/age/keys.hpp"

namespace lshost::engine::age {

/// What every age file begins with, up to and with the end of the line.
inline constexpr std::string_view kIntro = "age-encryption.org/v1\n";

/// Longer headers are refused; it is room for some hundred recipients.
inline constexpr std::size_t kHeaderSizeMax = std::size_t{64} * 1024;

/// What the payload is encrypted with, and who has it has the file.
using FileKey = Secret<16>;

/// Seals the file key for each recipient. REQUIRES: there is one at least. Throws Error{invalid} if nothing can be
/// encrypted to one of them.
[[nodiscard]] std::string make_header(const FileKey& file_key, const std::vector<Recipient>& recipients);

/// The size of the header that `start`, the first kHeaderSizeMax bytes of a file or all of it, begins with.
/// Throws Error{corrupt} if there is none.
[[nodiscard]] std::size_t header_size(std::string_view start);

/// The same; nullopt: no header ends in `start`.
[[nodiscard]] std::optional<std::size_t> find_header_size(std::string_view start) noexcept;

/// The file key of a header. Throws Error{denied} if no identity fits, {corrupt} if the header is malformed or was
/// changed. Stanzas of other kinds are passed over.
[[nodiscard]] FileKey open_header(std::string_view header, const Identities& identities);

}  // namespace lshost::engine::age
