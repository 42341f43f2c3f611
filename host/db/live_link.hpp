#pragma once
// Where the frames of a shadow file are in the live log, if they are not at the same place.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lshost/wal.hpp"

namespace lshost::db {

/// Frame n of the shadow file is frame n + `ahead` of the live log with this salt. The index of a bridge has frames of
/// its own in front, and salts of its own; all others have the live log's salts, and 0.
struct LiveLink {
  wal::Salt salt;
  std::int64_t ahead = 0;
  bool operator==(const LiveLink&) const = default;
};

/// A line with a checksum (db/line_checksum.hpp).
[[nodiscard]] std::string encode_live_link(const LiveLink& link);
/// nullopt: it is not what encode_live_link made.
[[nodiscard]] std::optional<LiveLink> parse_live_link(std::string_view text);

}  // namespace lshost::db
