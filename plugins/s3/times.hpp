#pragma once
// The forms in which S3 writes times. All UTC.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lshost::s3 {

using SystemTime = std::chrono::system_clock::time_point;

/// "20130524T000000Z", as signatures have it.
[[nodiscard]] std::string basic_time(SystemTime time);
/// "2026-11-23T03:42:43Z", with or without a fraction; in ns since 1970. nullopt: it is not.
[[nodiscard]] std::optional<std::int64_t> parse_iso_time(std::string_view text);
/// Of headers: "Mon, 23 Nov 2026 03:42:43 GMT". nullopt: it is not, or not of the years 1970 to 2200.
[[nodiscard]] std::optional<SystemTime> parse_http_time(const std::string& text);
/// Retry-After: seconds, or a time. At most an hour; nullopt: neither.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(const std::string& text, SystemTime now);

}  // namespace lshost::s3
