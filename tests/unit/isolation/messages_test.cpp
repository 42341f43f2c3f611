// Goal: what one side says the other one hears, and nothing that a plugin's process sends harms the host.
// Method: every message there and back; cut at every byte; random bytes from a fixed seed.

#include "isolation/messages.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "isolation/channel.hpp"
#include "isolation/line_splitter.hpp"

using namespace lshost;
using namespace lshost::isolation;

namespace {

const db::Position kPosition{"0123456789abcdef", 7, 4152};

config::Entry entry(const std::string& key, config::Value value) {
  config::Entry made;
  made.key = key;
  made.value = std::move(value);
  made.key_location = {9, 5};
  return made;
}

Create some_create() {
  Create create;
  create.plugin_folders = {"/a", "/b"};
  create.config.type = "s3";
  create.config.name = "far away";
  create.config.isolation = config::Isolation::process;
  create.config.isolation_memory_limit_bytes = 5 << 20;
  create.config.retention = std::chrono::hours(3);
  create.config.location = {7, 3};
  create.config.entries = {
      entry("text", {.data = std::string("a\0b", 3), .location = {9, 12}, .end = {9, 20}, .is_private = true}),
      entry("number", {.data = std::int64_t{-4}}),
      entry("real", {.data = 0.25}),
      entry("flag", {.data = true}),
      entry("list", {.data = std::vector<config::Value>{{.data = std::string("x")}, {.data = false}}}),
  };
  create.config_file = "replicas.toml";
  create.database = "app.db";
  create.work_dir = "/w";
  create.is_online = true;
  create.durable = kPosition;
  create.log_level = obs::Level::debug;
  return create;
}

Described some_schema() {
  config::KeySpec spec;
  spec.key = "bucket";
  spec.type = config::KeyType::size;
  spec.secret = true;
  spec.default_value = "none";
  spec.help = "what it is";
  spec.choices = {"a", "b"};
  spec.url = config::UrlPart::path;
  return std::vector<config::KeySpec>{spec, {}};
}

RunOffer some_run() { return {kPosition, kPosition, {"0123456789abcdef", 7, 8272}, 4096, -5, true, 4152, 4120}; }

std::vector<replica::Item> some_items() {
  return {{replica::ItemKind::wal, kPosition, 12, 13, 14, true},
          {replica::ItemKind::generation, kPosition, 0, 0, 0, false}};
}

/// Encoded messages, and what decodes each.
struct Sample {
  Bytes bytes;
  std::function<void(ByteSpan)> read;
};

template <class T>
Sample sample(const T& value) {
  return {encode(value), [](ByteSpan bytes) { (void)decode<T>(bytes); }};
}

std::vector<Sample> samples() {
  return {sample(some_create()),
          sample(Created{"name", "type", true, false}),
          sample(Describe{{"/a"}, "s3"}),
          sample(some_schema()),
          sample(Tip{db::FeedStatus{4096, kPosition, kPosition}, true, 3, some_run()}),
          sample(WalAnswer{std::nullopt, some_run(), db::Feed::Miss::gone, std::nullopt}),
          sample(ImageAnswer{std::nullopt, ImageAnswer::Image{kPosition, 4096, 9, 10, 11}, std::nullopt}),
          sample(some_items()),
          sample(std::vector<replica::CommitTime>{{1, 2}, {3, 4}}),
          sample(plugin::Failure{ErrorCode::denied, "no", true, true, std::chrono::milliseconds(9)}),
          sample(LogLine{obs::Level::warn, "part", "message", {{"key", "5", true}}}),
          sample(StateReport{plugin::ReplicaState::failed, "why"}),
          sample(MetricReport{"put_seconds", plugin::MetricKind::histogram, 0.5}),
          sample(SnapshotStored{kPosition, 77}),
          sample(kPosition)};
}

}  // namespace

TEST_CASE("isolation: a whole replica arrives as it was sent, with its places in the file", "[isolation]") {
  const Create sent = some_create();
  const auto got = decode<Create>(encode(sent));
  CHECK(got.plugin_folders == sent.plugin_folders);
  CHECK(got.config.type == "s3");
  CHECK(got.config.name == "far away");
  CHECK(got.config.isolation == config::Isolation::process);
  CHECK(got.config.isolation_memory_limit_bytes == 5 << 20);
  CHECK(got.config.retention == std::chrono::hours(3));
  CHECK(got.config.location == config::Location{7, 3});
  REQUIRE(got.config.entries.size() == 5);
  CHECK(std::get<std::string>(got.config.entries[0].value.data) == std::string("a\0b", 3));
  CHECK(got.config.entries[0].value.is_private);
  CHECK(got.config.entries[0].value.end == config::Location{9, 20});
  CHECK(std::get<std::int64_t>(got.config.entries[1].value.data) == -4);
  CHECK(std::get<double>(got.config.entries[2].value.data) == 0.25);
  CHECK(std::get<bool>(got.config.entries[3].value.data));
  const auto& list = std::get<std::vector<config::Value>>(got.config.entries[4].value.data);
  REQUIRE(list.size() == 2);
  CHECK(std::get<std::string>(list[0].data) == "x");
  CHECK(got.durable == kPosition);
  CHECK(got.is_online);
  CHECK(got.log_level == obs::Level::debug);
}

TEST_CASE("isolation: keys, runs, items and errors arrive as they were sent", "[isolation]") {
  const auto schema = decode<Described>(encode(some_schema()));
  REQUIRE((schema && schema->size() == 2));
  CHECK(schema->front().key == "bucket");
  CHECK(schema->front().type == config::KeyType::size);
  CHECK(schema->front().secret);
  CHECK(schema->front().default_value == "none");
  CHECK(schema->front().choices == std::vector<std::string>{"a", "b"});
  CHECK(schema->front().url == config::UrlPart::path);
  CHECK_FALSE(decode<Described>(encode(Described())));

  const auto tip = decode<Tip>(encode(Tip{db::FeedStatus{4096, kPosition, kPosition}, true, 3, some_run()}));
  CHECK((tip.status && tip.status->tip == kPosition && tip.is_snapshot_due && tip.snapshots_known == 3));
  REQUIRE(tip.run);
  CHECK(tip.run->end.offset == 8272);
  CHECK(tip.run->commit_ns == -5);
  CHECK(tip.run->length == 4120);

  CHECK(decode<std::vector<replica::Item>>(encode(some_items())) == some_items());

  const auto reply = decode<Reply>(encode(Reply{Error(ErrorCode::no_space, "the disk is full"), {}}));
  REQUIRE(reply.error);
  CHECK(reply.error->code() == ErrorCode::no_space);
  CHECK(reply.error->what() == std::string("the disk is full"));
  const auto body = decode<Reply>(encode(Reply{std::nullopt, {std::byte{1}, std::byte{2}}}));
  CHECK((!body.error && body.body.size() == 2));
}

TEST_CASE("isolation: a message that is cut or goes on is refused", "[isolation]") {
  for (const auto& [bytes, read] : samples()) {
    CHECK_NOTHROW(read(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(size, bytes.size());
      CHECK_THROWS_AS(read(ByteSpan(bytes).first(size)), Error);
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK_THROWS_AS(read(longer), Error);
  }
}

TEST_CASE("isolation: random bytes are refused or harmless, and never more than they are", "[isolation]") {
  std::mt19937_64 random(4);
  std::size_t refused = 0;
  const auto try_all = [&](const Bytes& bytes) {
    for (const auto& [ignored, read] : samples()) {
      try {
        read(bytes);
      } catch (const Error& e) {
        ++refused;
        REQUIRE(e.code() == ErrorCode::corrupt);
      }
    }
  };
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes(random() % 200);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random() % (i % 2 == 0 ? 256 : 3));
    try_all(bytes);
  }
  for (const auto& [bytes, read] : samples()) {
    for (int i = 0; i < 300; ++i) {
      Bytes damaged = bytes;
      damaged[random() % damaged.size()] = static_cast<std::byte>(random());
      try_all(damaged);
    }
  }
  CHECK(refused > 10'000);
}

TEST_CASE("isolation: a count of more than a message holds allocates nothing", "[isolation]") {
  Writer list;
  list.u32(0xffff'ffff);
  list.u64(0);
  const Bytes bytes = list.take();
  CHECK_THROWS_AS(decode<std::vector<replica::Item>>(bytes), Error);
}

// A key takes 19 bytes of a message and ten times as much memory, which is reserved by the count.
TEST_CASE("isolation: a count of keys is weighed by what a key takes at least", "[isolation]") {
  Writer some_keys;
  some_keys.flag(true);
  some_keys.u32(3);
  for (int i = 0; i < 3 * 19; ++i) some_keys.u8(0);
  CHECK(decode<Described>(some_keys.take())->size() == 3);

  Writer too_many;
  too_many.flag(true);
  too_many.u32(4);
  for (int i = 0; i < 4 * 19 - 1; ++i) too_many.u8(0);
  CHECK_THROWS_WITH(decode<Described>(too_many.take()), Catch::Contains("a count of more than it holds"));
}

TEST_CASE("isolation: packets that no sender makes are refused", "[isolation]") {
  const auto packet = [](Kind kind, std::uint64_t id, bool has_more, std::size_t size) {
    Bytes made(MessageAssembler::kHeaderSize + size);
    MessageAssembler::store_header(MutableByteSpan(made).first(MessageAssembler::kHeaderSize), kind, id, has_more);
    return made;
  };
  MessageAssembler assembler;
  SECTION("another message inside of one") {
    CHECK_FALSE(assembler.add(packet(Kind::log, 1, true, 10), {}));
    CHECK_THROWS_AS(assembler.add(packet(Kind::log, 2, false, 10), {}), Error);
  }
  SECTION("one that never ends") {
    const Bytes piece = packet(Kind::log, 1, true, MessageAssembler::kPacketBodyMax);
    const auto add_for_ever = [&] {
      for (std::size_t i = 0; i <= MessageAssembler::kMessageMax / MessageAssembler::kPacketBodyMax; ++i)
        (void)assembler.add(piece, {});
    };
    CHECK_THROWS_AS(add_for_ever(), Error);
  }
  SECTION("a kind that is not known") {
    Bytes made = packet(Kind::log, 1, false, 0);
    made[0] = std::byte{200};
    CHECK_THROWS_AS(assembler.add(made, {}), Error);
  }
  SECTION("random bytes") {
    std::mt19937_64 random(5);
    for (int i = 0; i < 20'000; ++i) {
      Bytes made(random() % 40);
      for (auto& byte : made) byte = static_cast<std::byte>(random() % 3);
      try {
        (void)assembler.add(made, {});
      } catch (const Error& e) {
        REQUIRE(e.code() == ErrorCode::corrupt);
      }
    }
  }
}

TEST_CASE("isolation: lines are put together, and a line that does not end is cut", "[isolation]") {
  LineSplitter splitter;
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  splitter.add("one\ntw", take);
  splitter.add("o\n\nthr", take);
  CHECK(lines == std::vector<std::string>{"one", "two"});
  splitter.finish(take);
  CHECK(lines.back() == "thr");
  lines.clear();
  splitter.add(std::string(3 * LineSplitter::kLineMax, 'x'), take);
  CHECK(lines.size() == 3);
}
