// Goal: the host believes nothing that a plugin's process says without looking.
// Method: the host's end of a channel over a fake database; the test is the process at the other end.

#include "isolation/feed_server.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "base/error.hpp"
#include "unit/plugin/fake_feed.hpp"
#include "unit/plugin/recorder.hpp"

using namespace lshost;
using namespace lshost::isolation;
using namespace lshost::test;

namespace {

struct Rig {
  Rig() {
    setup.config.name = "one";
    setup.feed = &feed;
    setup.observer = &observer;
    auto [a, b] = Channel::make_pair();
    host = std::make_unique<Channel>(std::move(a), Channel::Descriptors::refused);
    process = std::make_unique<Channel>(std::move(b), Channel::Descriptors::taken);
    server = std::make_unique<FeedServer>(setup, *host);
  }

  [[nodiscard]] Message said() {
    auto got = process->receive(/*wait=*/false);
    REQUIRE(std::holds_alternative<Message>(got));
    return std::move(std::get<Message>(got));
  }
  template <class T>
  bool hears(Kind kind, const T& value) {
    return server->handle({kind, 5, encode(value), {}});
  }

  FakeFeed feed;
  Recorder observer;
  plugin::ReplicaSetup setup;
  std::unique_ptr<Channel> host;
  std::unique_ptr<Channel> process;
  std::unique_ptr<FeedServer> server;
};

}  // namespace

TEST_CASE("FeedServer: a position that does not exist frees nothing, one that does is passed on", "[isolation]") {
  Rig rig;
  rig.feed.commit("twelve bytes");
  CHECK(rig.hears(Kind::durable, db::Position{kFakeGeneration, 0, 13}));
  CHECK(rig.hears(Kind::durable, db::Position{kFakeGeneration, 1, 0}));
  CHECK(rig.hears(Kind::durable, db::Position{"no generation", 0, 0}));
  CHECK(rig.hears(Kind::durable, db::Position{}));
  CHECK(rig.feed.reported().empty());
  CHECK(rig.observer.seen().durable.empty());
  CHECK_FALSE(rig.server->has_progress());

  const db::Position all{kFakeGeneration, 0, 12};
  CHECK(rig.hears(Kind::durable, all));
  CHECK(rig.feed.reported() == std::vector<db::Position>{all});
  CHECK(rig.observer.seen().durable == std::vector<db::Position>{all});
  CHECK(rig.server->has_progress());
}

TEST_CASE("FeedServer: a snapshot ends what is due, and the process is told that this is known", "[isolation]") {
  Rig rig;
  rig.feed.commit("x");
  rig.feed.set_snapshot_due(true);
  rig.server->push_tip();
  const auto before = decode<Tip>(rig.said().body);
  CHECK((before.is_snapshot_due && before.snapshots_known == 0));
  CHECK_FALSE(rig.server->has_unsaid_tip());
  CHECK(rig.hears(Kind::snapshot, SnapshotStored{{kFakeGeneration, 0, 0}, 4096}));
  CHECK_FALSE(rig.feed.snapshot_due());
  CHECK(rig.observer.seen().snapshots.size() == 1);
  REQUIRE(rig.server->has_unsaid_tip());
  rig.server->push_tip();
  const auto after = decode<Tip>(rig.said().body);
  CHECK((!after.is_snapshot_due && after.snapshots_known == 1));
}

TEST_CASE("FeedServer: questions are answered by number, refusals included", "[isolation]") {
  Rig rig;
  rig.feed.commit("twelve bytes");
  CHECK(rig.hears(Kind::open_wal, db::Position{kFakeGeneration, 0, 12}));
  const Message at_tip = rig.said();
  CHECK((at_tip.kind == Kind::wal && at_tip.id == 5));
  CHECK(decode<WalAnswer>(at_tip.body).miss == db::Feed::Miss::at_tip);
  CHECK(rig.hears(Kind::open_wal, db::Position{"fedcba9876543210", 0, 0}));
  CHECK(decode<WalAnswer>(rig.said().body).miss == db::Feed::Miss::gone);
  rig.feed.fail_with(Error(ErrorCode::no_space, "full"));
  CHECK(rig.hears(Kind::open_wal, db::Position{kFakeGeneration, 0, 0}));
  const auto failed = decode<WalAnswer>(rig.said().body);
  CHECK((failed.error && failed.error->code() == ErrorCode::no_space));
  // This database's images lie in no files: refused, and let go at once.
  CHECK(rig.server->handle({Kind::open_image, 6, {}, {}}));
  CHECK(decode<ImageAnswer>(rig.said().body).error);
  CHECK(rig.feed.open_streams() == 0);
}

TEST_CASE("FeedServer: what is not a message is an error of the process, and changes nothing", "[isolation]") {
  Rig rig;
  rig.feed.commit("twelve bytes");
  std::mt19937_64 random(6);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    Bytes junk(random() % 60);
    for (auto& byte : junk) byte = static_cast<std::byte>(random() % 4);
    const Kind kind = i % 3 == 0 ? Kind::durable : i % 3 == 1 ? Kind::snapshot : Kind::open_wal;
    try {
      (void)rig.server->handle({kind, 1, junk, {}});
    } catch (const Error& e) {
      ++refused;
      REQUIRE(e.code() == ErrorCode::corrupt);
    }
  }
  CHECK(refused > 4000);
  CHECK(rig.feed.reported().empty());
  CHECK_FALSE(rig.server->handle({Kind::log, 0, {}, {}}));
}
