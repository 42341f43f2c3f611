#pragma once
// When a replica is verified, and when one that failed is sent again. Pure.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "db/position.hpp"
#include "replica/verify.hpp"

namespace lshost::daemon {

/// What is remembered of a replica's verifications, also across restarts of the host.
struct VerifyHistory {
  std::optional<replica::Verdict> verdict;  ///< the last that proved something; nullopt: none did yet
  std::string detail;                       ///< of it: what differs or is missing
  db::Position position;                    ///< that it is about
  UnixNanos judged_ns = 0;                  ///< when; 0: never
  db::Position verified;                    ///< the last position that was proven good
  UnixNanos verified_ns = 0;                ///< and when; 0: never
  std::uint32_t tries = 0;                  ///< attempts since then that proved nothing
  std::string why_not;                      ///< what was in the way of the last of them
  UnixNanos tried_ns = 0;                   ///< when that was
  std::uint32_t lies = 0;                   ///< failed verifications in a row; what was not verified does not count
  std::uint32_t sends = 0;                  ///< how often it was sent again since it was last well for a day
  UnixNanos sent_again_ns = 0;              ///< the last time; 0: never

  /// Everything is being sent again because of the last verdict.
  [[nodiscard]] bool is_being_sent() const noexcept {
    return lies > 0 && sent_again_ns != 0 && sent_again_ns >= judged_ns;
  }
};

/// The first attempt after a replica was made, so that a new setting shows soon that it works.
inline constexpr std::chrono::nanoseconds kFirstVerification = std::chrono::minutes(1);
/// Between sending again and the verification that is to prove it.
inline constexpr std::chrono::nanoseconds kAfterSending = std::chrono::seconds(1);
inline constexpr std::chrono::nanoseconds kFirstRetry = std::chrono::seconds(1);
inline constexpr std::chrono::nanoseconds kLastRetry = std::chrono::hours(1);
inline constexpr std::chrono::nanoseconds kFirstSendPause = std::chrono::hours(1);
inline constexpr std::chrono::nanoseconds kDay = std::chrono::hours(24);

/// `first` doubled `times` times, `most` at most.
[[nodiscard]] constexpr std::chrono::nanoseconds doubled(std::chrono::nanoseconds first, std::uint32_t times,
                                                         std::chrono::nanoseconds most) noexcept {
  auto pause = first;
  for (std::uint32_t i = 0; i < times && pause < most; ++i) pause *= 2;
  return std::min(pause, most);
}

/// When to look at it by itself; nullopt: never. `made_ns`: since when this host knows the replica. `interval` 0: only
/// when asked, but then to the end: what was sent again is proven, too.
///   proved nothing  soon, then more and more seldom, at least once in an interval and in an hour
///   lied            once it was sent again: as soon as that can have arrived; if it was not: after an interval, which
///                   doubles each time up to a day (or the interval, if that is longer), for each reads all of it
///   verified        an interval later
[[nodiscard]] inline std::optional<UnixNanos> next_verification(std::chrono::nanoseconds interval,
                                                                const VerifyHistory& history, UnixNanos made_ns,
                                                                UnixNanos now) noexcept {
  // A clock that was set back must not keep anything waiting for longer.
  const auto after = [now](UnixNanos since, std::chrono::nanoseconds pause) {
    return std::optional(std::min(since, now) + pause.count());
  };
  const bool is_scheduled = interval.count() != 0;
  if (!is_scheduled && !history.is_being_sent()) return std::nullopt;
  if (history.tries > 0) {
    const auto most = is_scheduled ? std::clamp(interval, kFirstRetry, kLastRetry) : kLastRetry;
    return after(history.tried_ns, doubled(kFirstRetry, history.tries - 1, most));
  }
  if (history.is_being_sent()) return after(history.sent_again_ns, kAfterSending);
  if (!history.verdict) return after(made_ns, std::min(interval, kFirstVerification));
  if (history.lies > 0) return after(history.judged_ns, doubled(interval, history.lies - 1, std::max(interval, kDay)));
  return after(history.judged_ns, interval);
}

/// Whether a replica that failed just now is sent again at once: always the first time; a replica that goes on failing
/// is sent again an hour after the last time, then two, four, up to a day. Each time costs every replica of the
/// database a snapshot.
[[nodiscard]] inline bool may_send_again(const VerifyHistory& history, UnixNanos now) noexcept {
  if (history.sends == 0 || history.sent_again_ns > now) return true;
  return now - history.sent_again_ns >= doubled(kFirstSendPause, history.sends - 1, kDay).count();
}

/// The history with one more attempt, which looked at `position` (none: it did not come that far).
[[nodiscard]] inline VerifyHistory with_attempt(VerifyHistory history, const replica::Verification& attempt,
                                                const db::Position& position, UnixNanos now) {
  if (attempt.verdict == replica::Verdict::not_verified) {
    ++history.tries;
    history.why_not = attempt.detail;
    history.tried_ns = now;
    return history;
  }
  history.tries = 0;
  history.why_not.clear();
  history.verdict = attempt.verdict;
  history.detail = attempt.detail;
  history.position = position;
  history.judged_ns = now;
  if (replica::is_lie(attempt.verdict)) {
    ++history.lies;
    return history;
  }
  history.lies = 0;
  history.verified = position;
  history.verified_ns = now;
  if (now - history.sent_again_ns >= kDay.count()) history.sends = 0;
  return history;
}

/// The history of a replica whose last verdict led to a new generation.
[[nodiscard]] inline VerifyHistory with_sending(VerifyHistory history, UnixNanos now) {
  ++history.sends;
  history.sent_again_ns = std::max(now, history.judged_ns);
  return history;
}

}  // namespace lshost::daemon
