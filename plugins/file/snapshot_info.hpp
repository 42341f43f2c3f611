#pragma once
// The description beside each snapshot, as text. Pure.
//
//   lshost snapshot 1
//   generation 0123456789abcdef
//   index 000000000000002a
//   offset 0000000000001038
//   page-size 4096
//   size 1073741824
//   created-ns 1767225600000000000
//   xxh3-64 9d3f0c2e55aa1b07          of the image
//   check 41c6ce57e4b1a0d3            XXH3-64 of the lines before
//
// Exactly these lines in this order, each with a newline; the first one changes with the format.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lshost::file {

/// What one snapshot is.
struct SnapshotInfo {
  std::string generation;
  std::uint64_t index = 0;
  std::uint64_t offset = 0;  ///< the image holds all before it, and nothing after it
  std::uint32_t page_size = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t created_ns = 0;  ///< the commit time of its position
  std::uint64_t xxh3 = 0;       ///< of the image
  bool operator==(const SnapshotInfo&) const = default;
};

[[nodiscard]] std::string encode(const SnapshotInfo& info);

/// nullopt: damaged, or of a format that this version does not know.
[[nodiscard]] std::optional<SnapshotInfo> parse_snapshot_info(std::string_view text);

}  // namespace lshost::file
