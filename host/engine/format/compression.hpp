#pragma once
// How the bytes of an object are compressed. Pure.

#include <optional>
#include <string_view>

namespace lshost::engine {

enum class Compression {
  lz4,   ///< what Litestream writes and reads
  zstd,  ///< smaller; Litestream does not read it
  none,  ///< the raw bytes, and behind them what lshost knows of them
};

/// The word that stands in the configuration: "lz4". Static.
[[nodiscard]] std::string_view to_string(Compression compression) noexcept;
/// nullopt: no such word.
[[nodiscard]] std::optional<Compression> parse_compression(std::string_view text) noexcept;

/// What a key ends with: ".lz4", ".zst", "". Static.
[[nodiscard]] std::string_view suffix_of(Compression compression) noexcept;

}  // namespace lshost::engine
