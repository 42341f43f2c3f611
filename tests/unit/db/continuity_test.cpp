#include "db/continuity.hpp"

#include <catch2/catch.hpp>

using namespace lshost;
using namespace lshost::db;

namespace {

constexpr wal::Salt kSalt{11, 22};
const LastCapture kLast{kSalt, 4096, 10};

LiveLog live(std::uint32_t max_frame, wal::Salt salt, std::optional<bool> equal) {
  LiveLog log;
  log.index.max_frame = max_frame;
  log.index.page_size = 4096;
  log.index.salt = salt;
  log.last_frame_equal = equal;
  return log;
}

}  // namespace

TEST_CASE("check_continuity: goes on only where the same log has the same last frame", "[db][continuity]") {
  CHECK_FALSE(check_continuity(kLast, live(10, kSalt, true)));
  CHECK_FALSE(check_continuity(kLast, live(500, kSalt, true)));
}

TEST_CASE("check_continuity: names why not", "[db][continuity]") {
  CHECK(check_continuity(kLast, live(10, {11, 23}, true)) == NewGeneration::restarted_while_away);
  CHECK(check_continuity(kLast, live(10, {12, 22}, true)) == NewGeneration::restarted_while_away);
  CHECK(check_continuity(kLast, live(0, {12, 5}, std::nullopt)) == NewGeneration::restarted_while_away);
  CHECK(check_continuity(kLast, live(9, kSalt, true)) == NewGeneration::went_back);
  CHECK(check_continuity(kLast, live(0, kSalt, std::nullopt)) == NewGeneration::went_back);
  CHECK(check_continuity(kLast, live(10, kSalt, false)) == NewGeneration::diverged);
  CHECK(check_continuity(kLast, live(10, kSalt, std::nullopt)) == NewGeneration::diverged);
}

TEST_CASE("check_continuity: with a stamp that holds, another log is the next one", "[db][continuity][stamp]") {
  auto log = live(3, {12, 5}, std::nullopt);
  log.stamp_holds = true;
  CHECK_FALSE(check_continuity(kLast, log));
  log.index.page_size = 8192;
  CHECK(check_continuity(kLast, log) == NewGeneration::page_size_changed);
  // In the same log a stamp excuses nothing.
  log = live(9, kSalt, std::nullopt);
  log.stamp_holds = true;
  CHECK(check_continuity(kLast, log) == NewGeneration::went_back);
  log = live(10, kSalt, false);
  log.stamp_holds = true;
  CHECK(check_continuity(kLast, log) == NewGeneration::diverged);
}

TEST_CASE("check_continuity: another page size is another database", "[db][continuity]") {
  auto log = live(10, kSalt, true);
  log.index.page_size = 8192;
  CHECK(check_continuity(kLast, log) == NewGeneration::page_size_changed);
  log.index.page_size = 0;  // an empty index does not know
  CHECK_FALSE(check_continuity(kLast, log));
}

TEST_CASE("check_continuity: a log without a captured frame goes on if it is the same log", "[db][continuity]") {
  const LastCapture nothing{kSalt, 4096, 0};
  CHECK_FALSE(check_continuity(nothing, live(3, kSalt, std::nullopt)));
  CHECK(check_continuity(nothing, live(3, {1, 1}, std::nullopt)) == NewGeneration::restarted_while_away);
}
