#include "engine/format/compression.hpp"

namespace lshost::engine {

std::string_view to_string(Compression compression) noexcept {
  switch (compression) {
    case Compression::lz4:
      return "lz4";
    case Compression::zstd:
      return "zstd";
    case Compression::none:
      return "none";
  }
  return "?";
}

std::optional<Compression> parse_compression(std::string_view text) noexcept {
  for (const auto compression : {Compression::lz4, Compression::zstd, Compression::none}) {
    if (text == to_string(compression)) return compression;
  }
  return std::nullopt;
}

std::string_view suffix_of(Compression compression) noexcept {
  switch (compression) {
    case Compression::lz4:
      return ".lz4";
    case Compression::zstd:
      return ".zst";
    case Compression::none:
      return "";
  }
  return "";
}

}  // namespace lshost::engine
