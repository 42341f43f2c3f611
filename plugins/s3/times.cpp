#include "times.hpp"

#include <curl/curl.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace lshost::s3 {
namespace {

using namespace std::chrono;

/// The number in a whole piece of text.
std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// ".123" -> 123'000'000.
std::optional<std::int64_t> fraction_ns(std::string_view text) {
  if (text.empty()) return 0;
  std::int64_t ns = 0;
  if (text.front() != '.' || text.size() < 2 || text.size() > 10) return std::nullopt;
  for (std::size_t i = 1; i < 10; ++i) {
    const char digit = i < text.size() ? text[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    ns = ns * 10 + (digit - '0');
  }
  return ns;
}

}  // namespace

std::string basic_time(SystemTime time) {
  const std::time_t seconds = system_clock::to_time_t(floor<std::chrono::seconds>(time));
  std::tm parts{};
  (void)::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  (void)std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

std::optional<std::int64_t> parse_iso_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() <= kForm.size() || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != '0' && kForm[i] != text[i]) return std::nullopt;
  }
  const auto part = [&](std::size_t at, std::size_t size) { return number(text.substr(at, size)); };
  const auto y = part(0, 4), mon = part(5, 2), d = part(8, 2), h = part(11, 2), min = part(14, 2), s = part(17, 2);
  const auto ns = fraction_ns(text.substr(kForm.size(), text.size() - kForm.size() - 1));
  if (!y || !mon || !d || !h || !min || !s || !ns || *h < 0 || *h > 23 || *min < 0 || *min > 59 || *s < 0 || *s > 60) {
    return std::nullopt;
  }
  const year_month_day date{year(*y), month(static_cast<unsigned>(*mon)), day(static_cast<unsigned>(*d))};
  if (!date.ok() || *y < 1970 || *y > 2200) return std::nullopt;
  const auto time = sys_days(date) + hours(*h) + minutes(*min) + seconds(*s);
  return duration_cast<nanoseconds>(time.time_since_epoch()).count() + *ns;
}

std::optional<SystemTime> parse_http_time(const std::string& text) {
  const std::time_t seconds = ::curl_getdate(text.c_str(), nullptr);
  // Later ones do not fit the clock's nanoseconds, and are no server's time.
  constexpr std::time_t kEnd = sys_seconds(sys_days(year(2201) / 1 / 1)).time_since_epoch().count();
  if (seconds < 0 || seconds >= kEnd) return std::nullopt;
  return system_clock::from_time_t(seconds);
}

std::optional<milliseconds> parse_retry_after(const std::string& text, SystemTime now) {
  std::optional<milliseconds> wanted;
  if (const auto delay = number(text)) {
    wanted = seconds(*delay);
  } else if (const auto time = parse_http_time(text)) {
    wanted = duration_cast<milliseconds>(*time - now);
  }
  if (!wanted) return std::nullopt;
  return std::clamp<milliseconds>(*wanted, milliseconds(0), hours(1));
}

}  // namespace lshost::s3
