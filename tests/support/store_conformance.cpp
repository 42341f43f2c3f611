#include "support/store_conformance.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "engine/store.hpp"
#include "support/wait_until.hpp"

namespace lshost::test::conformance {
namespace {

using engine::Store;

/// A store at a place of its own.
struct Place {
  explicit Place(const StoreKind& kind)
      : host(kind.fresh_place()), store(v1::detail::ExportStore(kind.make(host.context()))) {}
  FakeHost host;
  Store store;
};

/// Bytes that are not like each other anywhere, made while they are read; what comes of it at `fail_at` is up to the
/// test.
class Body final : public Source {
 public:
  Body(std::uint64_t seed, std::uint64_t size) : state_(seed * 2 + 1), size_(size) {}

  std::size_t Read(std::span<std::byte> into) override {
    if (on_read) on_read(done_);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - done_));
    for (std::size_t i = 0; i < count; ++i) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      into[i] = static_cast<std::byte>(state_ >> 56);
    }
    done_ += count;
    return count;
  }

  std::function<void(std::uint64_t)> on_read;  ///< before each read, with the bytes read so far

 private:
  std::uint64_t state_;
  const std::uint64_t size_;
  std::uint64_t done_ = 0;
};

std::string text(std::uint64_t seed, std::uint64_t size) { return Body(seed, size).ReadAll(); }

void put(Store& store, const std::string& key, std::uint64_t seed, std::uint64_t size) {
  Body body(seed, size);
  store.put(key, body, size);
}

std::string get(Store& store, const std::string& key, std::uint64_t offset = 0, std::uint64_t length = UINT64_MAX) {
  return store.get(key, offset, length)->ReadAll();
}

std::set<std::string> keys(Store& store, const std::string& prefix) {
  std::set<std::string> all;
  for (const auto& object : store.list(prefix)) {
    INFO(object.key);
    CHECK(all.insert(object.key).second);  // each once
  }
  return all;
}

/// The code of the error that `fn` throws; 0: none.
template <class Fn>
std::int32_t code_of(Fn&& fn) {
  try {
    fn();
    return 0;
  } catch (const v1::Error& e) {
    CHECK(std::string(e.what()).size() > 5);
    return e.Code();
  } catch (const Gone&) {
    return LSHOST_GONE;
  } catch (const Cancelled&) {
    return LSHOST_CANCELLED;
  }
}

}  // namespace

// ---- the store ----

void objects_come_back(const StoreKind& kind) {
  Place place(kind);
  const std::uint64_t sizes[] = {0, 1, 4096, 65'537, (5U << 20) + 1, 20U << 20};
  for (const auto size : sizes) {
    CAPTURE(size);
    const std::string key = "sizes/" + std::to_string(size);
    put(place.store, key, size, size);
    CHECK((get(place.store, key) == text(size, size)));
    const auto listed = place.store.list(key);
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].key == key);
    CHECK(listed[0].size == size);
  }
}

void size_may_be_unknown(const StoreKind& kind) {
  Place place(kind);
  const std::uint64_t sizes[] = {0, 1, 100'000, (5U << 20), (8U << 20) + 1, 40U << 20};
  for (const auto size : sizes) {
    CAPTURE(size);
    Body body(size, size);
    place.store.put("unknown", body, LSHOST_SIZE_UNKNOWN);
    CHECK((get(place.store, "unknown") == text(size, size)));
    CHECK(place.store.list("").size() == 1);
  }
}

void put_replaces(const StoreKind& kind) {
  Place place(kind);
  put(place.store, "a/b", 1, 1000);
  put(place.store, "a/b", 1, 1000);
  CHECK((get(place.store, "a/b") == text(1, 1000)));
  put(place.store, "a/b", 2, 10);  // shorter: nothing of the old one is left
  CHECK((get(place.store, "a/b") == text(2, 10)));
  CHECK(keys(place.store, "") == std::set<std::string>{"a/b"});
}

void put_is_atomic(const StoreKind& kind) {
  constexpr std::uint64_t kSize = 300'000;
  Place place(kind);
  put(place.store, "a", 0, kSize);
  const std::string versions[] = {text(0, kSize), text(1, kSize)};
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= 20; ++i) put(place.store, "a", i % 2, kSize);
    done = true;
  });
  int whole = 0;
  int torn = 0;
  do {
    const std::string seen = get(place.store, "a");
    ++(seen == versions[0] || seen == versions[1] ? whole : torn);
  } while (!done);
  writer.join();
  CHECK(torn == 0);
  CHECK(whole > 0);
}

/// Stores that can't tell old from new replace; all others keep, whatever the size.
void put_new_keeps(const StoreKind& kind) {
  Place place(kind);
  const bool keeps = place.store.can_put_new() && kind.keeps_existing;
  for (const std::uint64_t size : {0ULL, 700ULL, 9ULL << 20}) {
    for (const bool is_known : {true, false}) {
      CAPTURE(size, is_known);
      const std::string key = "new/" + std::to_string(size) + (is_known ? "" : "-unknown");
      const auto put_new = [&](std::uint64_t seed) {
        Body body(seed, size);
        return code_of([&] { place.store.put_new(key, body, is_known ? size : LSHOST_SIZE_UNKNOWN); });
      };
      CHECK(put_new(1) == LSHOST_OK);
      CHECK(put_new(2) == (keeps ? LSHOST_E_EXISTS : LSHOST_OK));
      CHECK((get(place.store, key) == text(keeps ? 1 : 2, size)));
      put(place.store, key, 3, size);
      CHECK((get(place.store, key) == text(3, size)));
      place.store.remove(std::span(&key, 1));
      CHECK(put_new(4) == LSHOST_OK);
      CHECK((get(place.store, key) == text(4, size)));
    }
  }
  CHECK(keys(place.store, "").size() == 6);
}

void one_put_new_wins(const StoreKind& kind) {
  Place place(kind);
  if (!place.store.can_put_new() || !kind.keeps_existing) return;  // what it does instead is checked above
  for (int round = 0; round < 10; ++round) {
    const std::string key = "race/" + std::to_string(round);
    std::atomic<std::uint64_t> winner{0};
    std::atomic<int> stored{0};
    std::atomic<int> refused{0};
    {
      std::vector<std::jthread> threads;
      for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        threads.emplace_back([&, seed] {
          Body body(seed, 1000);
          try {
            place.store.put_new(key, body, 1000);
            winner = seed;
            ++stored;
          } catch (const v1::Error& e) {
            refused += e.Code() == LSHOST_E_EXISTS ? 1 : 0;
          }
        });
      }
    }
    CHECK(stored == 1);
    CHECK(refused == 3);
    CHECK((get(place.store, key) == text(winner, 1000)));
  }
}

void failed_body_stores_nothing(const StoreKind& kind) {
  Place place(kind);
  put(place.store, "old", 1, 1000);
  for (const bool is_known : {true, false}) {
    for (const std::uint64_t fail_at : {0ULL, 70'000ULL, 9ULL << 20}) {
      CAPTURE(is_known, fail_at);
      const std::uint64_t size = 10U << 20;
      for (const auto* key : {"new", "old"}) {
        Body body(2, size);
        body.on_read = [&](std::uint64_t done) {
          if (done >= fail_at) throw v1::Error(LSHOST_E_IO, "the test fails this body", LSHOST_ERR_RETRYABLE);
        };
        CHECK(code_of([&] { place.store.put(key, body, is_known ? size : LSHOST_SIZE_UNKNOWN); }) < 0);
      }
    }
  }
  Body cut(2, 1000);  // fewer bytes than were promised
  CHECK(code_of([&] { place.store.put("new", cut, 2000); }) < 0);
  CHECK(keys(place.store, "") == std::set<std::string>{"old"});
  CHECK((get(place.store, "old") == text(1, 1000)));
}

void cancelled_body_stores_nothing(const StoreKind& kind) {
  Place place(kind);
  for (const std::uint64_t stop_at : {0ULL, 6ULL << 20}) {
    CAPTURE(stop_at);
    Body body(2, 10U << 20);
    body.on_read = [&](std::uint64_t done) {
      if (done >= stop_at) throw Cancelled{};
    };
    CHECK(code_of([&] { place.store.put("new", body, LSHOST_SIZE_UNKNOWN); }) == LSHOST_CANCELLED);
  }
  CHECK(keys(place.store, "").empty());
}

void ranges(const StoreKind& kind) {
  constexpr std::uint64_t kSize = 200'000;
  Place place(kind);
  put(place.store, "a", 1, kSize);
  const std::string all = text(1, kSize);
  const std::pair<std::uint64_t, std::uint64_t> parts[] = {
      {0, 1}, {0, kSize}, {1, 4096}, {65'535, 2}, {kSize - 1, 1}, {kSize - 4096, 4096}, {100'000, UINT64_MAX}};
  for (const auto& [offset, length] : parts) {
    CAPTURE(offset, length);
    CHECK((get(place.store, "a", offset, length) == all.substr(offset, length)));
  }
  // A stream that is closed before its end disturbs nothing.
  for (int i = 0; i < 5; ++i) {
    std::byte some[10];
    CHECK(place.store.get("a", 0, UINT64_MAX)->Read(some) > 0);
  }
  CHECK((get(place.store, "a", 5, 5) == all.substr(5, 5)));
}

void missing_objects(const StoreKind& kind) {
  Place place(kind);
  CHECK(place.store.list("").empty());
  CHECK(place.store.list("generations/").empty());
  put(place.store, "a/b", 1, 10);
  for (const auto* key : {"a", "a/", "a/b/c", "a/bc", "b"}) {
    CAPTURE(key);
    CHECK(code_of([&] { (void)get(place.store, key); }) == LSHOST_E_NOT_FOUND);
  }
  const std::string none = "a/c";
  place.store.remove(std::span(&none, 1));
  place.store.remove({});
  CHECK(keys(place.store, "") == std::set<std::string>{"a/b"});
}

void list_by_prefix(const StoreKind& kind) {
  Place place(kind);
  for (const auto* key : {"a/1", "a/12", "a/2", "ab/1", "b/a/1", ".c"}) put(place.store, key, 1, 3);
  CHECK(keys(place.store, "") == std::set<std::string>{"a/1", "a/12", "a/2", "ab/1", "b/a/1", ".c"});
  CHECK(keys(place.store, "a") == std::set<std::string>{"a/1", "a/12", "a/2", "ab/1"});
  CHECK(keys(place.store, "a/") == std::set<std::string>{"a/1", "a/12", "a/2"});
  CHECK(keys(place.store, "a/1") == std::set<std::string>{"a/1", "a/12"});
  CHECK(keys(place.store, "b/a/") == std::set<std::string>{"b/a/1"});
  CHECK(keys(place.store, "b/b").empty());
  CHECK(keys(place.store, "/").empty());
}

void list_many(const StoreKind& kind) {
  constexpr int kCount = 1'203;
  Place place(kind);
  std::vector<std::string> all;
  for (int i = 0; i < kCount; ++i) all.push_back("many/" + std::to_string(100'000 + i));
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < (place.store.is_parallel() ? 8 : 1); ++t) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < all.size(); i = next++) put(place.store, all[i], i, 1);
      });
    }
  }
  CHECK((keys(place.store, "many/") == std::set<std::string>(all.begin(), all.end())));
}

void remove_many(const StoreKind& kind) {
  Place place(kind);
  std::vector<std::string> all;
  for (int i = 0; i < 1'203; ++i) all.push_back("many/" + std::to_string(100'000 + i));  // most are not there
  for (std::size_t i = 0; i < all.size(); i += 60) put(place.store, all[i], i, 1);
  put(place.store, "other", 1, 1);
  CHECK(place.store.list("many/").size() == 21);
  place.store.remove(all);
  CHECK(keys(place.store, "") == std::set<std::string>{"other"});
}

void odd_keys(const StoreKind& kind) {
  Place place(kind);
  std::string long_key;
  while (long_key.size() < 255) long_key += long_key.size() % 60 == 59 ? '/' : 'x';
  const std::set<std::string> allowed = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz",
                                         "0123456789",
                                         "a.b-c_d/e",
                                         ".hidden",
                                         "-dash/-dash",
                                         "_/_",
                                         "a..b/c...d",
                                         "a.tmp",
                                         "CON",
                                         long_key};
  std::uint64_t seed = 0;
  for (const auto& key : allowed) put(place.store, key, ++seed, 100);
  CHECK(keys(place.store, "") == allowed);
  seed = 0;
  for (const auto& key : allowed) {
    CAPTURE(key);
    CHECK((get(place.store, key) == text(++seed, 100)));
  }
  const std::vector<std::string> list(allowed.begin(), allowed.end());
  place.store.remove(list);
  CHECK(keys(place.store, "").empty());
}

void calls_at_once(const StoreKind& kind) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 12;
  Place place(kind);
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        try {
          for (int i = 0; i < kRounds; ++i) {
            const std::string key = "at-once/" + std::to_string(t) + "/" + std::to_string(i);
            const auto seed = static_cast<std::uint64_t>(t * 1000 + i);
            put(place.store, key, seed, 10'000);
            if (get(place.store, key) != text(seed, 10'000)) ++wrong;
            if (place.store.list(key).empty()) ++wrong;
            if (i % 2 == 0) place.store.remove(std::span(&key, 1));
          }
        } catch (...) {
          ++wrong;
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(place.store.list("at-once/").size() == kThreads * kRounds / 2);
}

// ---- the engine on it ----

namespace {

/// A database with a replica at a place of its own.
struct World {
  explicit World(const StoreKind& kind, ConfigValues more = {})
      : host(merged(kind.fresh_place(), std::move(more))), replica(host, kind.make, kind.type) {
    host.new_generation();
    host.commit("CREATE TABLE t(x)");
    insert();
  }
  static ConfigValues merged(ConfigValues values, ConfigValues more) {
    values.emplace("sync-interval", std::chrono::nanoseconds(0));
    values.merge(more);
    return values;
  }
  Position insert() { return host.commit("INSERT INTO t VALUES(hex(randomblob(3000)))"); }
  void next_index() {
    host.restart_wal(FakeHost::Finish::with_next_run);
    insert();
  }
  [[nodiscard]] std::string generation() const { return host.tip().generation; }
  void check_restorable() { CHECK((replica.restore(generation()) == host.image_at(host.tip()))); }

  FakeHost host;
  StoreReplica replica;
};

}  // namespace

void engine_replicates(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  for (int index = 0; index < 3; ++index) {
    for (int i = 0; i < 5; ++i) REQUIRE(world.host.wait_until_durable(world.insert()));
    world.next_index();
  }
  world.host.commit("VACUUM");
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.check_restorable();
  CHECK(world.host.errors().empty());
  CHECK(world.host.snapshots_opened() == 1);
  for (const auto& tip : world.host.all_tips()) {
    if (tip < world.host.snapshots().front()) continue;
    CAPTURE(tip.ToString());
    CHECK((world.replica.restore(tip.generation, tip) == world.host.image_at(tip)));
  }
}

void engine_goes_on_after_a_restart(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  for (int i = 0; i < 3; ++i) {
    world.replica.stop();
    world.insert();
    if (i == 1) world.next_index();
    REQUIRE(world.replica.run_until_durable());
    world.check_restorable();
  }
  CHECK(world.host.snapshots_opened() == 1);
  CHECK(world.host.errors().empty());
}

void engine_is_quiet(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  REQUIRE(world.host.wait_until_state(LSHOST_STATE_STREAMING));
  const auto said = world.host.reported().size();
  const auto given = world.host.wal_bytes_given();
  CHECK_FALSE(wait_until([&] { return world.host.reported().size() != said; }, std::chrono::milliseconds(100)));
  CHECK(world.host.wal_bytes_given() == given);
  CHECK_FALSE(world.replica.snapshotting());
}

void engine_takes_snapshots(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  world.next_index();
  world.host.commit("CREATE TABLE big(x)");
  world.host.commit("INSERT INTO big VALUES(randomblob(3000000))");
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.host.set_snapshot_due();
  REQUIRE(world.host.wait_until([](const auto& said) { return said.snapshots.size() == 2; }));
  world.insert();
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.check_restorable();
  CHECK(world.replica.items(ItemKind::Snapshot, world.generation()).size() == 2);
}

void engine_removes(const StoreKind& kind) {
  World world(kind);
  REQUIRE(world.replica.run_until_durable());
  const auto first = world.generation();
  world.next_index();
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  world.host.set_snapshot_due();
  REQUIRE(world.host.wait_until([](const auto& said) { return said.snapshots.size() == 2; }));
  std::vector<Item> old;
  for (const auto& item : world.replica.items(ItemKind::Snapshot, first)) {
    if (item.position.index == 0) old.push_back(item);
  }
  for (const auto& item : world.replica.items(ItemKind::Wal, first)) {
    if (item.position.index == 0) old.push_back(item);
  }
  REQUIRE(old.size() >= 2);
  world.replica.remove(old);
  world.replica.remove(old);  // a missing one is no error
  CHECK(world.replica.items(ItemKind::Snapshot, first).size() == 1);
  world.check_restorable();

  world.host.new_generation();
  world.insert();
  REQUIRE(world.host.wait_until_durable(world.host.tip()));
  CHECK(world.replica.items(ItemKind::Generation, "").size() == 2);
  Item generation;
  generation.position.generation = first;
  world.replica.remove({generation});
  const auto left = world.replica.items(ItemKind::Generation, "");
  REQUIRE(left.size() == 1);
  CHECK(left[0].position.generation == world.generation());
  world.check_restorable();
}

void engine_probes(const StoreKind& kind) {
  World world(kind);
  world.replica.probe();
  world.replica.probe();
  CHECK(world.replica.items(ItemKind::Generation, "").empty());
  REQUIRE(world.replica.run_until_durable());
  world.replica.probe();
  world.check_restorable();
}

}  // namespace lshost::test::conformance
