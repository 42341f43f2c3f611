#pragma once
// The page map on the disk: a base that is written whole, and a log of what each index of the shadow WAL changed since.
//
//   pages      64 bytes of head, 8 bytes a page, 8 bytes of checksum (XXH3-64 of all before); big-endian
//   pages.log  24 bytes of head that names its base, then one record an index: index, how many pages, the database's
//              size in pages, (page, hash) each, checksum
//
// The map at the tip is: base, then all records, then the frames of the shadow WAL behind the last record's index. Any
// of it that is torn, damaged or does not fit makes the whole of no use: it is never guessed.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "db/page_map.hpp"

namespace lshost::db {

/// What a base says of itself, beside how many pages its map has.
///
/// It may have been made while the application went on: then only with the frames from the beginning of index
/// `fold_from` to `valid_from` or further it is a state of the database.
struct PageMapHead {
  std::string generation;
  std::uint32_t page_size = 0;
  std::uint64_t fold_from = 0;         ///< an index: its frames and all later ones are to be applied
  std::uint64_t valid_from_index = 0;  ///< at a tip before this position the base says nothing
  std::uint64_t valid_from_offset = 0;
  bool operator==(const PageMapHead&) const = default;
};

inline constexpr std::size_t kPageMapHeadSize = 64;
inline constexpr std::size_t kPageLogHeadSize = 24;

/// A base as it is stored.
struct EncodedBase {
  std::string bytes;
  std::uint64_t checksum = 0;  ///< the last 8 of them: its name in the head of a log
};
/// REQUIRES: the map is of head.page_size.
[[nodiscard]] EncodedBase encode_base(const PageMapHead& head, const PageMap& map);

/// A base as it was read, whole.
struct PageMapBase {
  PageMapHead head;
  PageMap map;
  std::uint64_t checksum = 0;
};
/// nullopt: it is not what encode_base made.
[[nodiscard]] std::optional<PageMapBase> parse_base(ByteSpan bytes);

[[nodiscard]] std::string encode_log_head(std::uint64_t base_checksum);
[[nodiscard]] std::string encode_record(std::uint64_t index, const PageChanges& changes);

/// What a log makes of its base: `map` is changed. The index behind the last record; nullopt: it is not the log of that
/// base, or a record that is whole does not follow the one before it. A torn record at the end is as if it were not
/// there; `good_size` is how much of the log is good.
[[nodiscard]] std::optional<std::uint64_t> apply_log(ByteSpan log, const PageMapBase& base, PageMap& map,
                                                     std::uint64_t& good_size);

}  // namespace lshost::db
