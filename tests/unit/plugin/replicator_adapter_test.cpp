// Goal: whatever a plugin does, the host goes on: exceptions become sentences, stop ends everything or gives up, and
// nothing that is given up reaches what is gone.
// Method: the scripted plugin, loaded as a .so, with every function misbehaving in every way.

#include "plugin/replicator_adapter.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <thread>

#include "plugins/script_hooks.hpp"
#include "unit/plugin/fake_feed.hpp"
#include "unit/plugin/recorder.hpp"
#include "unit/plugin/test_plugins.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Contains;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kLong{10};

template <class Fn>
bool eventually(Fn&& is_true) {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A scripted plugin over a fake database.
struct Rig {
  explicit Rig(std::vector<config::Entry> entries, bool is_offline = false) {
    auto setup = setup_of("scripted", std::move(entries));
    setup.feed = is_offline ? nullptr : &feed;
    setup.observer = &observer;
    const auto type = plugin::PluginRegistry({kPluginFolder}).load("scripted");
    instance = std::make_shared<plugin::Instance>(type, std::move(setup));
    hooks = static_cast<ScriptHooks*>(const_cast<void*>(  // the hooks are for the test to change
        instance->table().extension(instance->self(), kScriptHooks)));
    adapter = std::make_unique<plugin::ReplicatorAdapter>(instance);
  }

  FakeFeed feed;
  Recorder observer;
  std::shared_ptr<plugin::Instance> instance;
  ScriptHooks* hooks = nullptr;
  std::unique_ptr<plugin::ReplicatorAdapter> adapter;
};

ErrorCode code_of_kind(const std::string& what) {
  if (what == "error") return ErrorCode::denied;
  if (what == "alloc") return ErrorCode::transient;
  if (what == "cancelled") return ErrorCode::cancelled;
  if (what == "gone") return ErrorCode::gone;
  return ErrorCode::internal;
}

const std::vector<std::string> kKinds = {"error", "std", "int", "alloc", "cancelled", "gone"};

}  // namespace

TEST_CASE("adapter: what is committed is read, reported durable, and counted", "[plugin]") {
  Rig rig({entry("work", "stream")});
  rig.adapter->start();
  rig.feed.commit("first");
  REQUIRE(rig.feed.wait_until_durable());
  rig.feed.commit("second");
  REQUIRE(rig.feed.wait_until_durable());
  // Each of what is checked below is reported after the position that was waited for.
  REQUIRE(rig.observer.wait_until([](const auto& seen) {
    return !seen.durable.empty() && seen.durable.back().offset == 11 && seen.metrics.contains("wal_bytes") &&
           seen.states.back() == plugin::ReplicaState::streaming;
  }));
  rig.adapter->stop(kLong);

  const auto seen = rig.observer.seen();
  CHECK(seen.metrics.at("wal_bytes") == 11);
  REQUIRE(seen.snapshots.size() == 1);
  CHECK(seen.snapshots[0].second == 5);
  CHECK(seen.durable.back() == db::Position{kFakeGeneration, 0, 11});
  CHECK(seen.states.front() == plugin::ReplicaState::snapshot);
  CHECK(seen.states.back() == plugin::ReplicaState::streaming);
  CHECK(seen.details.back() == "caught up");
  CHECK(rig.feed.open_streams() == 0);

  rig.adapter->start();
  rig.feed.commit("third");
  REQUIRE(rig.feed.wait_until_durable());
}

TEST_CASE("adapter: stop ends every way to wait, joins all workers, and takes streams back", "[plugin][stop]") {
  const auto work = GENERATE(as<std::string>(), "wait", "sleep", "read", "snapshot", "poll", "stream");
  CAPTURE(work);
  Rig rig({entry("work", work), entry("threads", std::int64_t{work == "wait" || work == "sleep" ? 8 : 1})});
  rig.feed.commit("something");
  for (int run = 0; run < 3; ++run) {
    const int rounds_before = rig.hooks->rounds;
    rig.adapter->start();
    REQUIRE(eventually([&] { return rig.hooks->rounds > rounds_before; }));
    rig.adapter->stop(kLong);
    CHECK(rig.hooks->workers == 0);
    CHECK(rig.feed.open_streams() == 0);
  }
  CHECK(rig.hooks->stops == 3);
  CHECK_FALSE(rig.hooks->signals_open);
  CHECK(rig.observer.seen().failures.empty());
}

TEST_CASE("adapter: stop without a start, and a second stop, do nothing", "[plugin][stop]") {
  Rig rig({entry("work", "wait")});
  rig.adapter->stop(kLong);
  rig.adapter->start();
  rig.adapter->stop(kLong);
  rig.adapter->stop(kLong);
  CHECK(rig.hooks->stops == 1);
}

TEST_CASE("adapter: start ends the run before it", "[plugin]") {
  Rig rig({entry("work", "wait")});
  rig.adapter->start();
  rig.adapter->start();
  CHECK(rig.hooks->stops == 1);
  REQUIRE(eventually([&] { return rig.hooks->workers == 1; }));
}

TEST_CASE("adapter: one that is destroyed while it runs is stopped first", "[plugin]") {
  Rig rig({entry("work", "stream")});
  rig.feed.commit("something");
  rig.adapter->start();
  REQUIRE(rig.feed.wait_until_durable());
  rig.adapter.reset();
  CHECK(rig.hooks->workers == 0);
  CHECK(rig.feed.open_streams() == 0);
}

TEST_CASE("adapter: a plugin that does not stop is given up, and never reaches the feed again", "[plugin][stop]") {
  const auto where = GENERATE(as<std::string>(), "worker", "stop");
  CAPTURE(where);
  ScriptHooks* hooks = nullptr;
  int rounds = 0;
  {
    Rig rig(where == "worker" ? std::vector{entry("work", "stuck")}
                              : std::vector{entry("work", "wait"), entry("stuck-in", "stop")});
    hooks = rig.hooks;
    rig.feed.commit("something");
    rig.adapter->start();
    REQUIRE(eventually([&] { return hooks->rounds > 0; }));
    const Error error = error_of([&] { rig.adapter->stop(milliseconds(50)); });
    CHECK(error.code() == ErrorCode::transient);
    CHECK(error.what() == std::string("replica one: the plugin did not stop within 50 ms; it is given up"));
    CHECK_THROWS_WITH(rig.adapter->start(), Contains("the plugin did not stop before; hint: restart lshost"));
    CHECK_THROWS_WITH(rig.adapter->stop(kLong), Contains("the plugin did not stop before"));
  }
  // The feed and the observer are gone; the plugin wakes up and asks for them.
  rounds = hooks->rounds;
  hooks->release = true;
  CHECK(eventually([&] { return hooks->workers == 0; }));
  CHECK(hooks->rounds == rounds);
}

TEST_CASE("adapter: what start throws becomes an error, and what it began is ended", "[plugin][throw]") {
  const std::string what = GENERATE(from_range(kKinds));
  CAPTURE(what);
  Rig rig({entry("work", "wait"), entry("throw-in", "start"), entry("what", what)});
  const Error error = error_of([&] { rig.adapter->start(); });
  CHECK(error.code() == code_of_kind(what));
  CHECK_THAT(error.what(), Contains("replica one: "));
  CHECK(rig.hooks->workers == 0);
  CHECK(rig.hooks->stops == 1);
}

TEST_CASE("adapter: what stop throws becomes an error, and the replica is stopped all the same", "[plugin][throw]") {
  const std::string what = GENERATE(from_range(kKinds));
  CAPTURE(what);
  Rig rig({entry("work", "sleep"), entry("throw-in", "stop"), entry("what", what)});
  rig.adapter->start();
  if (what == "cancelled") {
    CHECK_NOTHROW(rig.adapter->stop(kLong));  // a stop that runs through a wait of its own
  } else {
    CHECK(error_of([&] { rig.adapter->stop(kLong); }).code() == code_of_kind(what));
  }
  CHECK(rig.hooks->workers == 0);
  rig.adapter->start();  // and can go on
}

TEST_CASE("adapter: what a worker throws is reported, and ends it", "[plugin][throw]") {
  const std::string what = GENERATE(from_range(kKinds));
  CAPTURE(what);
  Rig rig({entry("work", "wait"), entry("throw-in", "worker"), entry("what", what)});
  rig.adapter->start();
  if (what == "cancelled") {
    REQUIRE(eventually([&] { return rig.hooks->rounds == 1 && rig.hooks->workers == 0; }));
    rig.adapter->stop(kLong);
    CHECK(rig.observer.seen().failures.empty());
    return;
  }
  REQUIRE(rig.observer.wait_until([](const auto& seen) { return !seen.states.empty(); }));
  rig.adapter->stop(kLong);
  const auto seen = rig.observer.seen();
  REQUIRE(seen.failures.size() == 1);
  CHECK_FALSE(seen.failures[0].message.empty());
  CHECK(seen.failures[0].needs_operator == (what == "error"));
  CHECK(seen.states.back() == plugin::ReplicaState::failed);
  CHECK(seen.details.back() == seen.failures[0].message);
}

TEST_CASE("adapter: what the other functions throw becomes an error with the plugin's sentence", "[plugin][throw]") {
  const auto where = GENERATE(as<std::string>(), "list", "open", "read", "commit-times", "remove", "probe");
  const std::string what = GENERATE(from_range(kKinds));
  CAPTURE(where, what);
  Rig rig({entry("throw-in", where), entry("what", what)});
  const replica::Item item{replica::ItemKind::wal, {kFakeGeneration, 1, 0}, 5, 0, 0, false};
  std::vector<std::byte> bytes(16);
  const Error error = error_of([&] {
    if (where == "list") (void)rig.adapter->list(replica::ItemKind::wal, kFakeGeneration);
    if (where == "open") (void)rig.adapter->open(item);
    if (where == "read") (void)rig.adapter->open(item)->read(bytes);
    if (where == "commit-times") (void)rig.adapter->commit_times(item);
    if (where == "remove") rig.adapter->remove({item});
    if (where == "probe") rig.adapter->probe(seconds(1));
  });
  CHECK(error.code() == code_of_kind(what));
  CHECK_THAT(error.what(), Contains("replica one: "));
  if (what == "error") CHECK(error.what() == std::string("replica one: the destination said no"));
  if (what == "std") CHECK(error.what() == std::string("replica one: a standard exception"));
}

TEST_CASE("adapter: status and extensions that throw say no", "[plugin][throw]") {
  const std::string what = GENERATE(from_range(kKinds));
  CAPTURE(what);
  SECTION("without") {
    Rig rig({});
    CHECK(rig.adapter->snapshotting());
    CHECK(rig.adapter->can_restore());
  }
  SECTION("snapshotting") {
    Rig rig({entry("throw-in", "snapshotting"), entry("what", what)});
    CHECK_FALSE(rig.adapter->snapshotting());
  }
  SECTION("extension") {
    Rig rig({entry("throw-in", "extension"), entry("what", what)});
    CHECK_FALSE(rig.adapter->can_restore());
    CHECK_FALSE(rig.adapter->can_remove());
    CHECK_THROWS_WITH(rig.adapter->list(replica::ItemKind::wal, ""), Contains("can not list or read back"));
    CHECK_THROWS_WITH(rig.adapter->remove({}), Contains("can not remove anything"));
  }
  SECTION("constructor") {
    const Error error = error_of([&] { Rig rig({entry("throw-in", "constructor"), entry("what", what)}); });
    CHECK(error.code() == code_of_kind(what));
    CHECK_THAT(error.what(), Contains("replica one (scripted): "));
  }
}

TEST_CASE("adapter: items come in position order, without those that can not be", "[plugin][restore]") {
  Rig rig({});
  const auto items = rig.adapter->list(replica::ItemKind::wal, kFakeGeneration);
  REQUIRE(items.size() == 2);
  CHECK(items[0] == replica::Item{replica::ItemKind::wal, {kFakeGeneration, 1, 0}, 5, 7, 8, true});
  CHECK(items[1] == replica::Item{replica::ItemKind::wal, {kFakeGeneration, 2, 0}, 5, 0, 0, false});
  CHECK(rig.adapter->list(replica::ItemKind::generation, "").size() == 1);
  CHECK(rig.adapter->commit_times(items[0]) == std::vector<replica::CommitTime>{{100, 1}, {200, 2}});

  rig.adapter->remove(items);
  rig.adapter->probe(milliseconds(1500));
  CHECK(rig.observer.seen().metrics.at("removed_total") == 2);
  CHECK(rig.observer.seen().metrics.at("probe_deadline_ms") == 1500);
}

TEST_CASE("adapter: a stream of a plugin outlives the adapter that gave it", "[plugin][restore]") {
  std::unique_ptr<ByteStream> stream;
  {
    Rig rig({});
    stream = rig.adapter->open({replica::ItemKind::wal, {kFakeGeneration, 1, 0}, 6, 0, 0, false});
  }
  std::string text(16, '\0');
  const std::size_t count = stream->read(std::as_writable_bytes(std::span(text)));
  CHECK(text.substr(0, count) == "hello1");
  CHECK(stream->read(std::as_writable_bytes(std::span(text))) == 0);
  CHECK_FALSE(stream->file_range());
}

TEST_CASE("adapter: a replica without a database waits, and can be stopped and listed", "[plugin][restore]") {
  Rig rig({entry("work", "wait")}, /*is_offline=*/true);
  CHECK(rig.adapter->list(replica::ItemKind::snapshot, kFakeGeneration).size() == 1);
  rig.adapter->start();
  REQUIRE(eventually([&] { return rig.hooks->rounds == 1; }));
  rig.adapter->stop(kLong);
  CHECK(rig.hooks->workers == 0);
  CHECK(rig.adapter->list(replica::ItemKind::snapshot, kFakeGeneration).size() == 1);  // nothing is cancelled for good
}
