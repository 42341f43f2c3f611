#include "db/shadow_catalog.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "lshost/wal.hpp"

using namespace lshost;
using namespace lshost::db;
using namespace std::chrono_literals;

namespace {

constexpr const char* kGeneration = "0123456789abcdef";
constexpr UnixNanos kSecond = 1'000'000'000;

std::uint64_t end_of(std::uint64_t frames) { return wal::frames_end(frames, 4096); }
Position at(std::uint64_t index, std::uint64_t offset) { return {kGeneration, index, offset}; }

/// Index 0 with 3 frames and complete, index 1 with 2 frames.
void fill(ShadowCatalog& catalog) {
  catalog.open(kGeneration, 4096, {ShadowIndex{0, "zero", 0, false, {}}});
  (void)catalog.publish(end_of(1), 1 * kSecond);
  (void)catalog.publish(end_of(3), 2 * kSecond);
  catalog.begin_index(ShadowIndex{1, "one", 0, false, {}}, 4096);
  (void)catalog.publish(end_of(2), 3 * kSecond);
}

Feed::Miss miss(ShadowCatalog& catalog, const Position& from) { return std::get<Feed::Miss>(catalog.find(from)); }
ShadowRun run(ShadowCatalog& catalog, const Position& from) { return std::get<ShadowRun>(catalog.find(from)); }

}  // namespace

TEST_CASE("ShadowCatalog: runs are cut at commit times, stay in one index, and cross to the next", "[db][shadow]") {
  ShadowCatalog catalog;
  CHECK_FALSE(catalog.status());
  fill(catalog);
  CHECK(catalog.status()->oldest == at(0, 0));
  CHECK(catalog.status()->tip == at(1, end_of(2)));

  const auto first = run(catalog, at(0, 0));
  CHECK((first.end == at(0, end_of(1)) && first.commit_ns == 1 * kSecond && !first.index_complete));
  const auto second = run(catalog, first.end);
  CHECK((second.end == at(0, end_of(3)) && second.commit_ns == 2 * kSecond && second.index_complete));
  const auto third = run(catalog, second.end);
  CHECK((third.start == at(1, 0) && third.end == at(1, end_of(2)) && third.path == "one" && !third.index_complete));
  CHECK(miss(catalog, third.end) == Feed::Miss::at_tip);
}

TEST_CASE("ShadowCatalog: what it does not have is gone, and what lies ahead is remembered", "[db][shadow]") {
  ShadowCatalog catalog;
  CHECK(miss(catalog, at(0, 0)) == Feed::Miss::gone);
  fill(catalog);
  CHECK(miss(catalog, {"fedcba9876543210", 0, 0}) == Feed::Miss::gone);
  CHECK(miss(catalog, {}) == Feed::Miss::gone);
  CHECK(miss(catalog, at(0, 33)) == Feed::Miss::gone);
  CHECK(miss(catalog, at(0, end_of(4))) == Feed::Miss::gone);
  CHECK_FALSE(catalog.take_ahead());
  CHECK(miss(catalog, at(1, end_of(3))) == Feed::Miss::gone);
  CHECK(catalog.take_ahead());
  CHECK_FALSE(catalog.take_ahead());
  CHECK(miss(catalog, at(2, 0)) == Feed::Miss::gone);
  CHECK(catalog.take_ahead());
}

TEST_CASE("ShadowCatalog: trimming keeps the current index, and who stands at the trimmed end has lost nothing",
          "[db][shadow]") {
  ShadowCatalog catalog;
  fill(catalog);
  CHECK(catalog.first_index_within(end_of(3) + end_of(2)) == 0);
  CHECK(catalog.first_index_within(end_of(3)) == 1);
  CHECK(catalog.first_index_within(0) == 1);
  CHECK(catalog.trim(7) == std::vector<std::string>{"zero"});
  CHECK(catalog.trim(7).empty());
  CHECK(catalog.status()->oldest == at(1, 0));
  CHECK(miss(catalog, at(0, end_of(1))) == Feed::Miss::gone);
  CHECK(run(catalog, at(0, end_of(3))).start == at(1, 0));
}

TEST_CASE("ShadowCatalog: how far behind somebody is, is told over indexes, and only where it can be", "[db][shadow]") {
  ShadowCatalog catalog;
  CHECK_FALSE(catalog.bytes_since(at(0, 0)));
  fill(catalog);
  CHECK(catalog.bytes_since(at(0, 0)) == end_of(3) + end_of(2));
  CHECK(catalog.bytes_since(at(0, end_of(1))) == end_of(3) - end_of(1) + end_of(2));
  CHECK(catalog.bytes_since(at(1, end_of(2))) == 0);
  CHECK_FALSE(catalog.bytes_since(at(1, end_of(3))));
  CHECK_FALSE(catalog.bytes_since({"fedcba9876543210", 0, 0}));
  CHECK_FALSE(catalog.bytes_since({}));
  (void)catalog.trim(7);
  CHECK_FALSE(catalog.bytes_since(at(0, end_of(1))));
  CHECK(catalog.bytes_since(at(0, end_of(3))) == end_of(2));
}

TEST_CASE("ShadowCatalog: waiting ends with a change, with time, and with a stop", "[db][shadow]") {
  ShadowCatalog catalog;
  fill(catalog);
  const Position tip = catalog.status()->tip;
  const auto differs = [&](const Position& now) { return now != tip; };
  CHECK(catalog.wait(differs, 1ms, {}) == Feed::Waited::timeout);
  CHECK(catalog.wait([](const Position&) { return true; }, std::nullopt, {}) == Feed::Waited::changed);
  Feed::Waited waited{};
  {
    std::jthread waiter([&] { waited = catalog.wait(differs, std::chrono::nanoseconds::max(), {}); });
    (void)catalog.publish(end_of(5), 4 * kSecond);
  }
  CHECK(waited == Feed::Waited::changed);
  {
    std::jthread waiter([&](const std::stop_token& stop) {
      waited = catalog.wait([](const Position&) { return false; }, std::nullopt, stop);
    });
  }
  CHECK(waited == Feed::Waited::stopped);
}
