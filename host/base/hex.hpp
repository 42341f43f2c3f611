#pragma once
// Fixed-width lowercase hex: the only way numbers enter file names, so that sorting names sorts numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lshost {

/// 16 lowercase hex digits.
[[nodiscard]] std::string to_hex16(std::uint64_t value);

/// The value of exactly 16 lowercase hex digits; nullopt for anything else.
[[nodiscard]] std::optional<std::uint64_t> from_hex16(std::string_view text) noexcept;

}  // namespace lshost
