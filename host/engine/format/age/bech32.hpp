#pragma once
// Bech32 (BIP 173) for keys of 32 bytes: the text form of age's keys. Pure; keeps no copy of a secret.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace lshost::engine::age {

/// "<prefix>1<52 characters><6 of checksum>", in lower case.
[[nodiscard]] std::string encode_bech32(std::string_view prefix, ByteSpan key);

/// Fills `key` from a text with this prefix (in lower case; the text may be all upper case). Returns why it can not, as
/// a sentence without any of the text; empty: done.
[[nodiscard]] std::string_view decode_bech32(std::string_view text, std::string_view prefix, MutableByteSpan key);

}  // namespace lshost::engine::age
