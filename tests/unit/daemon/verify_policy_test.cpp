// Goal: replicas are verified on time, a liar is sent again once and not over and over, and a restart forgets nothing.

#include "daemon/verify_policy.hpp"

#include <catch2/catch.hpp>

#include "daemon/verification_record.hpp"
#include "support/temp_dir.hpp"
#include "support/world.hpp"

using namespace lshost;
using namespace lshost::daemon;
using namespace std::chrono_literals;
using replica::Verdict;
using replica::Verification;

namespace {

constexpr UnixNanos kNow = 1'700'000'000'000'000'000;
const db::Position kAt{"0123456789abcdef", 7, 4152};

constexpr UnixNanos later(std::chrono::nanoseconds by) { return kNow + by.count(); }

VerifyHistory after(VerifyHistory history, Verdict verdict, UnixNanos now = kNow) {
  return with_attempt(std::move(history), Verification{verdict, "why", 1}, kAt, now);
}

std::optional<std::chrono::nanoseconds> wait_of(std::chrono::nanoseconds interval, const VerifyHistory& history,
                                                UnixNanos now = kNow) {
  const auto next = next_verification(interval, history, kNow, now);
  if (!next) return std::nullopt;
  return std::chrono::nanoseconds(*next - now);
}

}  // namespace

TEST_CASE("verify policy: without an interval nothing happens by itself", "[daemon][verify]") {
  CHECK_FALSE(wait_of(0s, {}));
  CHECK_FALSE(wait_of(0s, after({}, Verdict::verified)));
  CHECK_FALSE(wait_of(0s, after({}, Verdict::not_verified)));
  CHECK_FALSE(wait_of(0s, after({}, Verdict::damaged)));
  // But what was sent again is proven.
  CHECK(wait_of(0s, with_sending(after({}, Verdict::damaged), kNow)) == kAfterSending);
}

TEST_CASE("verify policy: the first comes soon, the next an interval after the last", "[daemon][verify]") {
  CHECK(wait_of(24h, {}) == kFirstVerification);
  CHECK(wait_of(5s, {}) == 5s);
  CHECK(wait_of(24h, after({}, Verdict::verified)) == 24h);
  CHECK(wait_of(24h, after({}, Verdict::verified), later(10h)) == 14h);
  CHECK(*wait_of(24h, after({}, Verdict::verified), later(30h)) < 0s);
  // A clock that was set back does not put it off for longer than an interval.
  CHECK(wait_of(24h, after({}, Verdict::verified, later(1000h))) == 24h);
}

TEST_CASE("verify policy: what could not be verified is tried soon, then more seldom, and is no lie",
          "[daemon][verify]") {
  VerifyHistory history = after({}, Verdict::verified);
  std::chrono::nanoseconds total{0};
  std::chrono::nanoseconds before{0};
  for (int i = 0; i < 40; ++i) {
    history = after(history, Verdict::not_verified);
    const auto wait = wait_of(24h, history);
    REQUIRE(wait);
    CHECK(*wait >= before);
    CHECK(*wait <= kLastRetry);
    before = *wait;
    total += *wait;
  }
  CHECK(before == kLastRetry);
  CHECK(history.verdict == Verdict::verified);  // still the last thing that is known
  CHECK(history.lies == 0);
  CHECK(history.why_not == "why");
  CHECK(wait_of(10s, history) == 10s);
  CHECK(after(history, Verdict::verified).tries == 0);
  CHECK(after(history, Verdict::verified).why_not.empty());
}

TEST_CASE("verify policy: a liar is sent again at once, and then at growing pauses", "[daemon][verify]") {
  VerifyHistory history = after({}, Verdict::damaged);
  CHECK(may_send_again(history, kNow));
  history = with_sending(history, kNow);
  CHECK(history.is_being_sent());
  CHECK(wait_of(24h, history) == kAfterSending);

  history = after(history, Verdict::damaged, later(2s));
  CHECK_FALSE(history.is_being_sent());
  CHECK(history.lies == 2);
  CHECK_FALSE(may_send_again(history, later(2s)));
  CHECK_FALSE(may_send_again(history, later(59min)));
  CHECK(may_send_again(history, later(60min)));
  history = with_sending(history, later(1h));
  CHECK_FALSE(may_send_again(history, later(2h)));
  CHECK(may_send_again(history, later(3h)));
  for (int i = 0; i < 40; ++i) history = with_sending(history, later(1h));
  CHECK_FALSE(may_send_again(history, later(24h)));
  CHECK(may_send_again(history, later(25h)));
}

TEST_CASE("verify policy: a liar that was not sent again is read more and more seldom, daily at least",
          "[daemon][verify]") {
  VerifyHistory history = with_sending(after({}, Verdict::differs), kNow);
  history = after(history, Verdict::differs, later(1s));
  CHECK(wait_of(1h, history, later(1s)) == 2h);
  history = after(history, Verdict::differs, later(1s));
  CHECK(wait_of(1h, history, later(1s)) == 4h);
  for (int i = 0; i < 100; ++i) history = after(history, Verdict::differs, later(1s));
  CHECK(wait_of(1h, history, later(1s)) == 24h);
  CHECK(wait_of(168h, history, later(1s)) == 168h);
}

TEST_CASE("verify policy: one that lies now and then does not make a storm either", "[daemon][verify]") {
  VerifyHistory history;
  int sent = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    const UnixNanos now = later(std::chrono::minutes(minute));
    history = after(history, minute % 2 == 0 ? Verdict::damaged : Verdict::verified, now);
    if (history.lies > 0 && may_send_again(history, now)) {
      history = with_sending(history, now);
      ++sent;
    }
  }
  CHECK(sent > 1);
  CHECK(sent <= 6);  // 0 h, 1 h, 3 h, 7 h, 15 h, ...
  // Well for a day: the next lie is one like the first.
  const UnixNanos day = history.sent_again_ns + kDay.count();
  history = after(history, Verdict::verified, day);
  CHECK(may_send_again(after(history, Verdict::damaged, day), day));
}

TEST_CASE("verify record: a history comes back as it was, for the same destination only", "[daemon][verify]") {
  VerifyHistory history = with_sending(after(after({}, Verdict::verified), Verdict::differs, later(1s)), later(2s));
  history = after(history, Verdict::not_verified, later(3s));
  history.detail = "1 of 2 \"pages\"\n\xff";
  const auto text = encode_history(history, 5);
  const auto back = decode_history(text, 5);
  CHECK(back.verdict == Verdict::differs);
  CHECK(back.position == kAt);
  CHECK(back.verified == kAt);
  CHECK(back.verified_ns == kNow);
  CHECK(back.judged_ns == later(1s));
  CHECK(back.sent_again_ns == later(2s));
  CHECK(back.tried_ns == later(3s));
  CHECK(back.is_being_sent());
  CHECK(back.lies == 1);
  CHECK(back.sends == 1);
  CHECK(back.tries == 1);
  CHECK(back.why_not == "why");
  CHECK(encode_history(back, 5) == encode_history(decode_history(encode_history(back, 5), 5), 5));
  CHECK_FALSE(decode_history(text, 6).verdict);
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    CAPTURE(size);
    REQUIRE_FALSE(decode_history(text.substr(0, size), 5).verdict);
  }
}

TEST_CASE("verify record: it is kept in the folder, and another destination does not inherit it", "[daemon][verify]") {
  const test::TempDir directory;
  config::ReplicaConfig config;
  config.type = "file";
  config.name = "r";
  config.entries.push_back({.key = "path", .value = {.data = std::string("/a")}});
  {
    VerificationRecord record(os::posix_fs(), directory / "verify", config);
    CHECK_FALSE(record.history().verdict);
    record.set(after({}, Verdict::verified));
  }
  CHECK(VerificationRecord(os::posix_fs(), directory / "verify", config).history().verdict == Verdict::verified);
  config.entries[0].value.data = std::string("/b");
  CHECK_FALSE(VerificationRecord(os::posix_fs(), directory / "verify", config).history().verdict);
  test::write_text(directory / "verify/r.json", "no record");
  CHECK_FALSE(VerificationRecord(os::posix_fs(), directory / "verify", config).history().verdict);
}
