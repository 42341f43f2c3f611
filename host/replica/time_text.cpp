#include "replica/time_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace lshost::replica {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
/// 2262, in which 64 bits of nanoseconds end. A second 60 or an offset can lead there from the year before.
constexpr std::int64_t kSecondsEnd =
    std::chrono::sys_seconds(std::chrono::sys_days(std::chrono::year(2262) / 1 / 1)).time_since_epoch().count();

/// Consumes text from the front; every step says whether it fitted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool literal(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] std::optional<int> number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  /// The digits behind a decimal point as nanoseconds; nullopt: none, or more than nine.
  [[nodiscard]] std::optional<std::int64_t> fraction() {
    std::int64_t value = 0;
    std::int64_t unit = kNanosPerSecond;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      unit /= 10;
      if (unit == 0) return std::nullopt;
      value += (rest_.front() - '0') * unit;
      rest_.remove_prefix(1);
    }
    return unit == kNanosPerSecond ? std::nullopt : std::optional(value);
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int64_t nanos = 0;
};

std::optional<Fields> scan_fields(Scanner& in) {
  const auto year = in.number(4);
  if (!year || !in.literal('-')) return std::nullopt;
  const auto month = in.number(2);
  if (!month || !in.literal('-')) return std::nullopt;
  const auto day = in.number(2);
  if (!day || !(in.literal('T') || in.literal('t') || in.literal(' '))) return std::nullopt;
  const auto hour = in.number(2);
  if (!hour || !in.literal(':')) return std::nullopt;
  const auto minute = in.number(2);
  if (!minute || !in.literal(':')) return std::nullopt;
  const auto second = in.number(2);
  if (!second) return std::nullopt;
  Fields fields{*year, *month, *day, *hour, *minute, *second, 0};
  if (in.literal('.')) {
    const auto nanos = in.fraction();
    if (!nanos) return std::nullopt;
    fields.nanos = *nanos;
  }
  return fields;
}

bool in_range(const Fields& f) {
  const std::chrono::year_month_day day{std::chrono::year(f.year), std::chrono::month(static_cast<unsigned>(f.month)),
                                        std::chrono::day(static_cast<unsigned>(f.day))};
  return day.ok() && f.year >= 1970 && f.year <= 2261 && f.hour <= 23 && f.minute <= 59 && f.second <= 60;
}

std::int64_t utc_seconds(const Fields& f) {
  const std::chrono::year_month_day day{std::chrono::year(f.year), std::chrono::month(static_cast<unsigned>(f.month)),
                                        std::chrono::day(static_cast<unsigned>(f.day))};
  const std::int64_t days = std::chrono::sys_days(day).time_since_epoch().count();
  return days * 86'400 + std::int64_t{f.hour} * 3600 + std::int64_t{f.minute} * 60 + f.second;
}

std::optional<std::int64_t> local_seconds(const Fields& f) {
  std::tm tm{};
  tm.tm_year = f.year - 1900;
  tm.tm_mon = f.month - 1;
  tm.tm_mday = f.day;
  tm.tm_hour = f.hour;
  tm.tm_min = f.minute;
  tm.tm_sec = f.second;
  tm.tm_isdst = -1;
  const std::time_t seconds = std::mktime(&tm);
  if (seconds < 0) return std::nullopt;
  return seconds;
}

/// Seconds east of UTC that stand at the end of the text; nullopt: something else stands there.
std::optional<std::int64_t> scan_offset(Scanner& in) {
  if (in.literal('Z') || in.literal('z')) return in.done() ? std::optional<std::int64_t>(0) : std::nullopt;
  const bool west = in.literal('-');
  if (!west && !in.literal('+')) return std::nullopt;
  const auto hours = in.number(2);
  if (!hours || !in.literal(':')) return std::nullopt;
  const auto minutes = in.number(2);
  if (!minutes || !in.done() || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t east = *hours * 3600 + *minutes * 60;
  return west ? -east : east;
}

}  // namespace

std::string time_text(UnixNanos ns) {
  if (ns == 0) return "-";
  std::time_t seconds = ns / kNanosPerSecond;
  std::int64_t nanos = ns % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  std::tm tm{};
  (void)::gmtime_r(&seconds, &tm);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min, tm.tm_sec, nanos / 1'000'000);
}

std::optional<UnixNanos> parse_time(std::string_view text) {
  Scanner in(text);
  const auto fields = scan_fields(in);
  if (!fields || !in_range(*fields)) return std::nullopt;
  std::optional<std::int64_t> seconds;
  if (in.done()) {
    seconds = local_seconds(*fields);
  } else if (const auto east = scan_offset(in)) {
    seconds = utc_seconds(*fields) - *east;
  }
  if (!seconds || *seconds < 0 || *seconds >= kSecondsEnd) return std::nullopt;
  return *seconds * kNanosPerSecond + fields->nanos;
}

}  // namespace lshost::replica
