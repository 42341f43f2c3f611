#pragma once
// Points in time as people read and write them.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace lshost::replica {

/// "2026-01-02T03:04:05.678Z": UTC, cut to milliseconds. "-" for 0, which means "not known".
[[nodiscard]] std::string time_text(UnixNanos ns);

/// Reads "2026-01-02T03:04:05Z", with a fraction of up to nine digits and "Z" or "+01:00" at the end. With a blank
/// in place of the T it is the same. Without an offset it is local time, by TZ, as `date` would take it.
/// nullopt: not of that form, no such day or hour, or outside of the years 1970 to 2261.
[[nodiscard]] std::optional<UnixNanos> parse_time(std::string_view text);

}  // namespace lshost::replica
