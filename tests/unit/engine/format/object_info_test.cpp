#include "engine/format/object_info.hpp"

#include <catch2/catch.hpp>

#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

TEST_CASE("object info: an info that is in order has no contradiction", "[engine][info]") {
  auto wal = wal_info(8240);
  wal.raw_size = 8240;
  CHECK(contradiction_in(wal).empty());
  auto empty = wal_info(0);
  CHECK(contradiction_in(empty).empty());
  auto snapshot = snapshot_info();
  snapshot.raw_size = 4096 * 3;
  CHECK(contradiction_in(snapshot).empty());
}

TEST_CASE("object info: contradictions have a sentence", "[engine][info]") {
  auto info = wal_info(100);
  info.raw_size = 100;
  SECTION("generation") { info.generation = "../../etc/passwd"; }
  SECTION("page size that is no power of two") { info.page_size = 1000; }
  SECTION("page size that is too small") { info.page_size = 256; }
  SECTION("page size that is too large") { info.page_size = 131072; }
  SECTION("end before start") { info.end_offset = info.offset - 1; }
  SECTION("size") { info.raw_size = 101; }
  SECTION("run before the start") { info.commit_runs.front().end_offset = info.offset; }
  SECTION("run behind the end") { info.commit_runs.front().end_offset = info.end_offset + 1; }
  SECTION("run twice") { info.commit_runs.push_back(info.commit_runs.front()); }
  SECTION("snapshot with commit times") {
    info.kind = ObjectKind::snapshot;
    info.end_offset = info.offset;
    info.raw_size = 4096;
  }
  SECTION("snapshot of part of a page") {
    info = snapshot_info();
    info.raw_size = 4097;
  }
  SECTION("snapshot that completes an index") {
    info = snapshot_info();
    info.index_complete = true;
  }
  SECTION("snapshot that ends elsewhere") {
    info = snapshot_info();
    info.end_offset += 1;
  }
  CHECK_FALSE(contradiction_in(info).empty());
}

TEST_CASE("object info: an object under another name than its own is told", "[engine][info]") {
  const auto info = wal_info(100);
  const ObjectName name{info.generation, ObjectKind::wal, info.index, info.offset, Compression::zstd};
  CHECK(contradiction_between(info, name).empty());
  auto other = name;
  SECTION("generation") { other.generation[0] = '0'; }
  SECTION("index") { other.index += 1; }
  SECTION("offset") { other.offset = 0; }
  SECTION("kind") { other.kind = ObjectKind::snapshot; }
  CHECK_THAT(contradiction_between(info, other), Catch::Contains("wal 5f3c9a1e77b20d48/0000002a:0000000000001020"));
}

TEST_CASE("object info: the name of a snapshot does not tell its offset", "[engine][info]") {
  const auto info = snapshot_info();
  CHECK(contradiction_between(info, {info.generation, ObjectKind::snapshot, info.index, 0, Compression::lz4}).empty());
}

// Goal: thinning never claims that something was committed earlier than before.
// Method: many runs, with a clock that jumps back; compare what holds for every offset.
TEST_CASE("object info: thinned runs are as true and less fine", "[engine][info]") {
  std::vector<CommitRun> runs;
  for (std::uint64_t i = 1; i <= 1000; ++i) runs.push_back({i * 10, static_cast<UnixNanos>(i * 7 % 500)});
  const auto count_max = GENERATE(1U, 2U, 3U, 10U, 333U, 999U, 1000U, 5000U);
  const auto fewer = thinned(runs, count_max);
  CHECK(fewer.size() <= count_max);
  CHECK(fewer.back().end_offset == runs.back().end_offset);
  std::size_t at = 0;
  for (const auto& run : runs) {
    while (fewer[at].end_offset < run.end_offset) ++at;
    REQUIRE(fewer[at].commit_ns >= run.commit_ns);
  }
  if (count_max >= runs.size()) CHECK(fewer == runs);
}
