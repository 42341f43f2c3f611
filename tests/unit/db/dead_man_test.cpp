// When a log is let go: never one within the limit, never from a thread that moves, and soon from one that does not.

#include "db/dead_man.hpp"

#include <catch2/catch.hpp>

using namespace lshost;
using db::GuardLook;
using db::LooksInVain;
using db::WhyLetGo;

namespace {

constexpr std::uint32_t kPage = 4096;
constexpr std::uint64_t kLimit = 1000 * wal::frame_size(kPage);
constexpr wal::Salt kSalt{7, 8};

GuardLook look(std::uint32_t log_frames, std::uint64_t steps, std::optional<std::uint64_t> captured) {
  GuardLook look{kSalt, log_frames, kPage, {steps, std::nullopt}};
  if (captured) look.progress.captured = db::Progress::Captured{kSalt, *captured};
  return look;
}

/// Looks once a second; how many looks until it is let go, and why. nullopt: not in a thousand.
template <class At>
std::optional<std::pair<int, WhyLetGo>> let_go_after(At&& at) {
  LooksInVain in_vain;
  GuardLook last = at(0);
  for (int i = 1; i <= 1000; ++i) {
    const GuardLook now = at(i);
    in_vain = db::count_look(in_vain, last, now, kLimit);
    if (const auto why = db::why_let_go(in_vain, now)) return std::pair(i, *why);
    last = now;
  }
  return std::nullopt;
}

std::uint32_t u32(int value) { return static_cast<std::uint32_t>(value); }
std::uint64_t u64(int value) { return static_cast<std::uint64_t>(value); }

}  // namespace

TEST_CASE("dead man: a thread that finishes nothing loses a log that is beyond the limit", "[db][dead-man]") {
  const auto log = [](std::uint32_t frames) {
    return [frames](int) { return look(frames, /*steps=*/5, /*captured=*/10); };
  };
  CHECK_FALSE(let_go_after(log(1000)));
  CHECK(let_go_after(log(1001)) == std::pair(int{db::kStuckLooks}, WhyLetGo::stuck));
  // All is copied, and the application wants the log emptied: nobody answers.
  CHECK(let_go_after([](int) { return look(1001, 5, 1001); }) == std::pair(int{db::kStuckLooks}, WhyLetGo::stuck));
}

TEST_CASE("dead man: one step in time is enough", "[db][dead-man]") {
  CHECK_FALSE(let_go_after([](int i) { return look(2000, u64(i) / (db::kStuckLooks - 1), 2000); }));
}

TEST_CASE("dead man: what is read in one go at the start is given its time", "[db][dead-man]") {
  CHECK(let_go_after([](int) { return look(2000, 0, std::nullopt); }) ==
        std::pair(int{db::kStuckLooksAtStart}, WhyLetGo::stuck));
  CHECK_FALSE(let_go_after([](int i) { return look(2000 + u32(i) * 100, u64(i) / 20, std::nullopt); }));
}

TEST_CASE("dead man: capture that is slower than the application loses the log, in the end", "[db][dead-man]") {
  CHECK(let_go_after([](int i) { return look(2000 + 100 * u32(i), u64(i), 10 + 99 * u64(i)); }) ==
        std::pair(int{db::kBehindLooks}, WhyLetGo::behind));
}

TEST_CASE("dead man: capture that gets on is left alone", "[db][dead-man]") {
  // A transaction of gigabytes, which takes its time.
  CHECK_FALSE(let_go_after([](int i) { return look(20'000'000, u64(i), u64(i) * 10); }));
  // A reader of the application that stays: the log grows, and all of it is copied.
  CHECK_FALSE(let_go_after([](int i) { return look(2000 + 100 * u32(i), u64(i), 2000 + 100 * u64(i)); }));
  // The same, a second behind.
  CHECK_FALSE(let_go_after([](int i) { return look(2000 + 100 * u32(i), u64(i), 1900 + 100 * u64(i)); }));
  // Commits come in bursts: sometimes there is more left than before, and soon there is not.
  CHECK_FALSE(let_go_after(
      [](int i) { return look(2000 + u32(i) / 20 * 500, u64(i), 2000 + u64(i / 20 * 500) - u64(19 - i % 20) * 10); }));
}

TEST_CASE("dead man: a checkpoint may take as long as the application's disk needs", "[db][dead-man]") {
  CHECK_FALSE(let_go_after([](int i) {
    GuardLook now = look(2000 + 100 * u32(i), 5, 10);
    now.progress.is_checkpointing = i > 2;
    return now;
  }));
}

TEST_CASE("dead man: a log that restarts, or is within the limit again, begins from nothing", "[db][dead-man]") {
  CHECK_FALSE(let_go_after([](int i) {
    GuardLook now = look(2000, 5, 10);
    now.salt.first += u32(i) / db::kStuckLooks;
    return now;
  }));
  CHECK_FALSE(let_go_after([](int i) { return look(i % int{db::kStuckLooks} == 0 ? 1000 : 2000, 5, 10); }));
}
