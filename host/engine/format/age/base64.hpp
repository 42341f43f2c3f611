#pragma once
// Base64 as age's header has it: the standard alphabet, no padding, one text for the same bytes. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace lshost::engine::age {

[[nodiscard]] std::string encode_base64(ByteSpan bytes);

/// nullopt: any other character, an impossible length, or unused bits that are not zero.
[[nodiscard]] std::optional<std::vector<std::byte>> decode_base64(std::string_view text);

}  // namespace lshost::engine::age
