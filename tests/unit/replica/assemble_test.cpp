#include "replica/assemble.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <random>

#include "lshost/wal.hpp"
#include "support/wait_until.hpp"
#include "support/wal_builder.hpp"
#include "unit/replica/items.hpp"
#include "unit/replica/restoring.hpp"

using namespace lshost;
using namespace lshost::replica;
using namespace lshost::test;

namespace {

/// Wants an Error of that code whose sentence has `part` in it.
void check_refused(FakeReplica& replica, const RestorePlan& plan, ErrorCode code, const std::string& part,
                   AssembleCase how = {}) {
  CAPTURE(part);
  try {
    (void)assemble_bytes(replica, plan, how);
    FAIL_CHECK("was restored");
  } catch (const Error& e) {
    CAPTURE(e.what());
    CHECK(e.code() == code);
    CHECK(std::string(e.what()).find(part) != std::string::npos);
  }
}

/// Of this process, at its highest so far.
std::uint64_t resident_bytes() {
  rusage usage{};
  REQUIRE(::getrusage(RUSAGE_SELF, &usage) == 0);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

/// For images that would be pages of hex in a failure.
bool is_same(const Bytes& a, const Bytes& b) { return a == b; }

std::string place(const Item& wal, std::uint64_t offset_in_item) {
  return db::to_string({wal.position.generation, wal.position.index, wal.position.offset + offset_in_item});
}

/// Start of the frame (or header) of an index that has the byte at `offset`.
std::uint64_t frame_begin(std::uint64_t offset, std::uint32_t page_size) {
  return offset < wal::kHeaderSize ? 0 : wal::frames_end(wal::frames_below(offset, page_size), page_size);
}

StoredObject* find_wal(FakeReplica& replica, std::uint64_t index) {
  for (StoredObject& object : replica.objects) {
    if (object.item.kind == ItemKind::wal && object.item.position.index == index) return &object;
  }
  return nullptr;
}

/// Adds a whole index of a single frame, sealed like SQLite's: a commit that says how large the database is. Pages of
/// 512.
void add_index(FakeReplica& replica, std::uint64_t index, std::uint32_t frame_page, std::uint32_t db_size_pages) {
  StoredObject object = replica.objects[0];
  object.bytes.resize(32 + wal::frame_size(512));
  wal::store32(object.bytes.data() + 32, frame_page);
  wal::store32(object.bytes.data() + 36, db_size_pages);
  seal(object.bytes);
  object.item = wal_item(kGenA, index, 0, object.bytes.size(), true);
  replica.objects.push_back(object);
}

/// One snapshot of the empty database, indexes of one item each.
struct SmallReplica {
  static constexpr std::uint32_t kPageSize = 1024;
  History history{kPageSize};
  FakeReplica replica;
  explicit SmallReplica(int indexes = 4) {
    history.run("CREATE TABLE t(v)");
    history.take_snapshot();
    for (int index = 0; index < indexes; ++index) {
      history.run("INSERT INTO t VALUES(randomblob(3000))");
      history.run("INSERT INTO t VALUES(randomblob(200))");
      history.restart();
    }
    replica = history.replica();
  }
};

struct HistoryCase {
  std::uint32_t page_size;
  std::string setup;
};

void restore_every_commit(const HistoryCase& c) {
  CAPTURE(c.page_size, c.setup);
  History history(c.page_size, c.setup);
  live_through(history, c.page_size);
  FakeReplica replica = history.replica();
  REQUIRE(history.states().size() > 15);
  REQUIRE(history.states().back().at.index == 5);
  for (const RecordedState& state : history.states()) {
    CAPTURE(state.at.index, state.at.offset);
    const auto by_position = plan_for(replica, PositionTarget{state.at});
    CHECK(difference(assemble_bytes(replica, by_position, {.threads = 1}), state.image, c.page_size) == "");
    CHECK(difference(assemble_bytes(replica, by_position, {.threads = 4}), state.image, c.page_size) == "");
    replica.gives_file_ranges = true;  // where pages are read a second time: from all, some and none of the indexes
    CHECK(difference(assemble_bytes(replica, by_position, {.threads = 1}), state.image, c.page_size) == "");
    CHECK(difference(assemble_bytes(replica, by_position, {.threads = 4, .kept_indexes_max = 2}), state.image,
                     c.page_size) == "");
    CHECK(difference(assemble_bytes(replica, by_position, {.threads = 4, .kept_indexes_max = 0}), state.image,
                     c.page_size) == "");
    replica.gives_file_ranges = false;
    CHECK(plan_for(replica, TimeTarget{state.committed_ns}).target == by_position.target);
  }
  CHECK(is_same(assemble_bytes(replica, plan_for(replica, LatestTarget{})), history.states().back().image));
}

}  // namespace

// Goal: P2. Method: histories by SQLite itself; what is made is what SQLite saw at that very commit, byte for byte.
TEST_CASE("restore: after every commit it is the database of that commit", "[replica][restore]") {
  restore_every_commit(GENERATE(values<HistoryCase>(
      {{512, ""}, {512, "PRAGMA auto_vacuum = FULL"}, {1024, "PRAGMA auto_vacuum = INCREMENTAL"}, {4096, ""}})));
}

TEST_CASE("restore: after every commit it is the database of that commit, with large pages", "[replica][restore]") {
  restore_every_commit(GENERATE(values<HistoryCase>({{4096, "PRAGMA auto_vacuum = FULL"},
                                                     {16384, "PRAGMA auto_vacuum = INCREMENTAL"},
                                                     {32768, "PRAGMA auto_vacuum = FULL"},
                                                     {65536, ""}})));
}

TEST_CASE("restore: indexes too large for the memory are read twice or spooled", "[replica][restore]") {
  SmallReplica small;
  const auto plan = plan_for(small.replica, LatestTarget{});
  const Bytes& wanted = small.history.states().back().image;
  for (const bool from_files : {true, false}) {
    CAPTURE(from_files);
    small.replica.gives_file_ranges = from_files;
    small.replica.read_size_max = 777;
    for (const std::optional<std::size_t>& kept_max : {std::optional<std::size_t>(0), std::optional<std::size_t>()}) {
      AssembleCase how{.threads = 1, .index_memory_bytes = 0, .kept_indexes_max = kept_max};
      CHECK(is_same(assemble_bytes(small.replica, plan, how), wanted));
      how.threads = 4;
      CHECK(is_same(assemble_bytes(small.replica, plan, how), wanted));
    }
  }
}

// Goal: no page is written that was not proven, though it is read a second time.
TEST_CASE("restore: a WAL file that changes between the passes is refused", "[replica][restore][damage]") {
  SmallReplica small;
  const auto plan = plan_for(small.replica, LatestTarget{});
  small.replica.gives_file_ranges = true;
  small.replica.on_file = [](Bytes& content) { content[content.size() - 7] ^= std::byte{1}; };
  check_refused(small.replica, plan, ErrorCode::corrupt, "is not what it was when it was checked");
  small.replica.on_file = [](Bytes& content) { content.resize(content.size() - 1); };
  check_refused(small.replica, plan, ErrorCode::corrupt, "is not what it was when it was checked");
}

// Method: the first index tells what kind of destination it is; whoever opens one later waits until four do.
TEST_CASE("restore: a destination that costs round trips is read by many threads at once", "[replica][restore]") {
  constexpr int kAtOnce = 4;
  SmallReplica small(8);
  std::atomic<int> order{0};
  std::atomic<int> opening{0};
  std::atomic<int> most{0};
  small.replica.on_open = [&](const Item& item) {
    if (item.kind != ItemKind::wal || ++order <= 2) return;
    const int now = ++opening;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    (void)wait_until([&] { return most >= kAtOnce; });
    --opening;
  };
  const auto plan = plan_for(small.replica, LatestTarget{});
  REQUIRE(plan.steps.size() >= 2 + kAtOnce);
  CHECK(is_same(assemble_bytes(small.replica, plan, {}), small.history.states().back().image));
  CHECK(most >= kAtOnce);
}

TEST_CASE("restore: a large index crosses the buffer at every place of a frame", "[replica][restore]") {
  History history(4096);
  history.run("CREATE TABLE t(v)");
  history.take_snapshot();
  for (int i = 0; i < 4; ++i) history.run("INSERT INTO t VALUES(randomblob(900000))");
  history.run("UPDATE t SET v = randomblob(800000)");
  FakeReplica replica = history.replica();
  const auto plan = plan_for(replica, LatestTarget{});
  REQUIRE(plan.wal_bytes() > (5U << 20));
  CHECK(is_same(assemble_bytes(replica, plan, {.threads = 2, .index_memory_bytes = 0}), history.states().back().image));
}

// Goal: no damage of the WAL goes through. Method: one byte changed anywhere, one object at a time.
TEST_CASE("restore: a flipped byte of a WAL is refused with the position of its frame", "[replica][restore][damage]") {
  SmallReplica small;
  const auto plan = plan_for(small.replica, LatestTarget{});
  std::mt19937 random(7);
  for (StoredObject& object : small.replica.objects) {
    if (object.item.kind != ItemKind::wal) continue;
    const std::size_t frame_size = wal::frame_size(SmallReplica::kPageSize);
    for (std::size_t base = 0; base < object.bytes.size(); base += frame_size / 3) {
      const std::size_t at = std::min(base + random() % 40, object.bytes.size() - 1);
      const auto bit = std::byte{static_cast<unsigned char>(1U << (random() % 8))};
      object.bytes[at] ^= bit;
      const auto offset = object.item.position.offset + at;
      const db::Position where{kGenA, object.item.position.index, frame_begin(offset, SmallReplica::kPageSize)};
      CAPTURE(at);
      check_refused(small.replica, plan, ErrorCode::corrupt, db::to_string(where));
      check_refused(small.replica, plan, ErrorCode::corrupt, db::to_string(where),
                    {.threads = 1, .index_memory_bytes = 0});
      object.bytes[at] ^= bit;
    }
  }
  CHECK(is_same(assemble_bytes(small.replica, plan), small.history.states().back().image));
}

TEST_CASE("restore: objects that are too short or changed places are refused by position",
          "[replica][restore][damage]") {
  SmallReplica small;
  const auto plan = plan_for(small.replica, LatestTarget{});
  StoredObject& wal = *find_wal(small.replica, 2);
  const std::size_t frame_size = wal::frame_size(SmallReplica::kPageSize);

  SECTION("cut, though the listing announces all of it") {
    for (const std::size_t kept : {std::size_t{0}, std::size_t{20}, 32 + frame_size, 32 + frame_size + 50}) {
      wal.bytes.resize(kept);
      check_refused(small.replica, plan, ErrorCode::corrupt, "wal from " + place(wal.item, kept) + " is missing");
    }
  }
  SECTION("torn: the end of the newest index is zeros") {
    StoredObject& last = *find_wal(small.replica, 3);
    std::fill(last.bytes.end() - static_cast<std::ptrdiff_t>(frame_size), last.bytes.end(), std::byte{0});
    check_refused(small.replica, plan, ErrorCode::corrupt, place(last.item, last.bytes.size() - frame_size));
  }
  SECTION("it ends before its commit frame") {
    StoredObject& last = *find_wal(small.replica, 3);
    last.bytes.resize(last.bytes.size() - frame_size);
    last.item.size_bytes = last.bytes.size();
    check_refused(small.replica, plan_for(small.replica, LatestTarget{}), ErrorCode::corrupt, "unfinished transaction");
  }
  SECTION("the second half of an index is that of another") {
    StoredObject& other = *find_wal(small.replica, 1);
    std::copy(other.bytes.begin() + static_cast<std::ptrdiff_t>(32 + frame_size),
              other.bytes.begin() + static_cast<std::ptrdiff_t>(32 + 2 * frame_size),
              wal.bytes.begin() + static_cast<std::ptrdiff_t>(32 + frame_size));
    check_refused(small.replica, plan, ErrorCode::corrupt, place(wal.item, 32 + frame_size));
  }
  SECTION("an index with another page size") {
    History other(2048);
    other.run("CREATE TABLE t(v)");
    const FakeReplica foreign = other.replica();
    wal.bytes = foreign.objects[0].bytes;
    wal.item.size_bytes = wal.bytes.size();
    check_refused(small.replica, plan_for(small.replica, LatestTarget{}), ErrorCode::corrupt, "pages of 2048 bytes");
  }
  SECTION("a WAL in which nothing is right") {
    std::fill(wal.bytes.begin(), wal.bytes.end(), std::byte{0x5a});
    check_refused(small.replica, plan, ErrorCode::corrupt,
                  place(wal.item, 0) + " does not begin with a valid WAL header");
  }
}

TEST_CASE("restore: a snapshot that is not what was announced is refused", "[replica][restore][damage]") {
  SmallReplica small;
  const auto plan = plan_for(small.replica, LatestTarget{});
  const auto at = std::find_if(small.replica.objects.begin(), small.replica.objects.end(),
                               [](const StoredObject& object) { return object.item.kind == ItemKind::snapshot; });
  Bytes& bytes = at->bytes;
  const std::string name = "snapshot " + db::to_string(at->item.position);
  SECTION("short") {
    bytes.resize(bytes.size() - 1);
    check_refused(small.replica, plan, ErrorCode::corrupt, name + ": it has ");
  }
  SECTION("long") {
    bytes.resize(bytes.size() + 1);
    check_refused(small.replica, plan, ErrorCode::corrupt, name + ": it has ");
  }
  SECTION("empty") {
    bytes.clear();
    check_refused(small.replica, plan, ErrorCode::corrupt, name);
  }
  SECTION("no database") {
    bytes[3] = std::byte{'x'};
    check_refused(small.replica, plan, ErrorCode::corrupt, name + " is not the image of a SQLite database");
  }
}

TEST_CASE("restore: a position inside a transaction is refused and the commit before it named", "[replica][restore]") {
  SmallReplica small;
  const auto& states = small.history.states();
  const auto frame = wal::frame_size(SmallReplica::kPageSize);
  const RecordedState& inside = states[states.size() - 2];  // three frames and more
  for (const std::uint64_t back : {frame, std::uint64_t{1}, frame - 1}) {
    CAPTURE(back);
    const db::IndexOffset target{inside.at.index, inside.at.offset - back};
    check_refused(small.replica, plan_for(small.replica, PositionTarget{target}), ErrorCode::invalid,
                  "is not the end of a transaction; the last one before it is");
  }
  check_refused(small.replica, plan_for(small.replica, PositionTarget{{2, 32}}), ErrorCode::invalid,
                "is not the end of a transaction");
}

// Goal: whatever is missing or damaged, the result is the state that was asked for or an error. Method: random damage.
TEST_CASE("restore: with any damage it is right or refused", "[replica][restore][damage][random]") {
  History history(1024);
  live_through(history, 1024);
  const FakeReplica whole = history.replica();
  const unsigned seed = GENERATE(take(6, random(0U, 1U << 30)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::size_t restored = 0;
  for (int round = 0; round < 10; ++round) {
    FakeReplica replica = whole;
    if (round % 3 != 0) {
      replica.objects.erase(replica.objects.begin() + static_cast<std::ptrdiff_t>(random() % replica.objects.size()));
    }
    if (round % 2 != 0) {
      auto& object = replica.objects[random() % replica.objects.size()];
      if (object.item.kind == ItemKind::wal) object.bytes[random() % object.bytes.size()] ^= std::byte{0x10};
    }
    for (const RecordedState& state : history.states()) {
      const auto plan = plan_restore(read_catalog(replica), {PositionTarget{state.at}, std::nullopt},
                                     [&](const Item& item) { return replica.commit_times(item); });
      if (!std::holds_alternative<RestorePlan>(plan)) continue;
      try {
        const Bytes got = assemble_bytes(replica, std::get<RestorePlan>(plan), {.threads = 3});
        REQUIRE(difference(got, state.image, 1024) == "");
        ++restored;
      } catch (const Error& e) {
        REQUIRE(e.code() == ErrorCode::corrupt);
      }
    }
  }
  CHECK(restored > 50);
}

TEST_CASE("restore: an index written by a big-endian machine", "[replica][restore]") {
  SmallReplica small;
  for (StoredObject& object : small.replica.objects) {
    if (object.item.kind == ItemKind::wal) object.bytes = with_big_endian_checksums(object.bytes);
  }
  const auto plan = plan_for(small.replica, LatestTarget{});
  CHECK(is_same(assemble_bytes(small.replica, plan), small.history.states().back().image));
}

TEST_CASE("restore: a database into which nothing was ever written", "[replica][restore]") {
  FakeReplica replica;
  replica.objects.push_back({snapshot_item(kGenA, 0, 0), {}, {}});
  replica.objects[0].item.size_bytes = 0;
  CHECK(assemble_bytes(replica, plan_for(replica, LatestTarget{})).empty());

  History history(8192);
  history.run("CREATE TABLE t(v); INSERT INTO t VALUES(randomblob(100000))");
  for (const StoredObject& object : history.replica().objects) replica.objects.push_back(object);
  CHECK(is_same(assemble_bytes(replica, plan_for(replica, LatestTarget{})), history.states().back().image));
}

// Goal: pages that a commit cut off do not come back with their old content when the database grows over them again
// without writing them. Method: commits of chosen sizes, sealed like SQLite's.
TEST_CASE("restore: pages that were cut off and not written again are zero", "[replica][restore]") {
  History history(512);
  history.run("CREATE TABLE t(v); INSERT INTO t VALUES(randomblob(4000))");
  history.take_snapshot();
  FakeReplica replica = history.replica();
  const Bytes& image = history.states().back().image;
  const auto pages = static_cast<std::uint32_t>(image.size() / 512);
  REQUIRE(pages > 6);
  replica.objects[0].item.index_complete = true;
  add_index(replica, 1, 5, pages);      // page 5 as of index 1
  add_index(replica, 2, 1, 4);          // 5 and all behind are cut off
  add_index(replica, 3, 6, pages + 2);  // all but 6 come back without being written
  for (const unsigned threads : {1U, 4U}) {
    const Bytes got = assemble_bytes(replica, plan_for(replica, LatestTarget{}), {.threads = threads});
    REQUIRE(got.size() == (pages + 2) * 512);
    const auto is_zero = [&](std::uint32_t page) {
      const auto begin = got.begin() + static_cast<std::ptrdiff_t>((page - 1) * 512);
      return std::all_of(begin, begin + 512, [](std::byte b) { return b == std::byte{0}; });
    };
    for (std::uint32_t page = 1; page <= pages + 2; ++page) {
      CAPTURE(page);
      CHECK(is_zero(page) == (page == 5 || page > 6));
    }
  }
}

// Goal: a replica that speaks of a database of terabytes costs neither the memory nor the writes of one. Method:
// commits that say so, sealed like SQLite's; the result is looked at through its size and its blocks on the disk.
TEST_CASE("restore: a huge size in a commit takes no memory and no disk", "[replica][restore][security]") {
  History history(512);
  history.run("CREATE TABLE t(v); INSERT INTO t VALUES(randomblob(4000))");
  history.take_snapshot();
  FakeReplica replica = history.replica();
  replica.gives_file_ranges = GENERATE(false, true);
  constexpr std::uint32_t kHuge = 0x7fffffff;  // a terabyte
  replica.objects[0].item.index_complete = true;
  add_index(replica, 1, 1, 4);          // small, so that everything behind has to be zero later
  add_index(replica, 2, kHuge, kHuge);  // and huge
  const TempDir directory;
  ScratchFile out(directory.path());
  RestoreProgress progress;
  const auto before = resident_bytes();
  AssembleOptions options;
  options.spool_directory = directory.path();
  const auto done = assemble(replica, plan_for(replica, LatestTarget{}), options, out, progress);
  CHECK(done.size_bytes == std::uint64_t{kHuge} * 512);
  struct stat st{};
  REQUIRE(::stat(out.path().c_str(), &st) == 0);
  CHECK(static_cast<std::uint64_t>(st.st_size) == done.size_bytes);
  CHECK(st.st_blocks * 512 < 16 << 20);
  CHECK(resident_bytes() < before + (std::uint64_t{64} << 20));
}

TEST_CASE("restore: a stop request ends it", "[replica][restore]") {
  SmallReplica small;
  const auto plan = plan_for(small.replica, LatestTarget{});
  const TempDir directory;
  ScratchFile file(directory.path());
  RestoreProgress progress;
  std::stop_source stop;
  stop.request_stop();
  AssembleOptions options;
  options.stop = stop.get_token();
  try {
    (void)assemble(small.replica, plan, options, file, progress);
    FAIL_CHECK("went on");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::cancelled);
  }
}
