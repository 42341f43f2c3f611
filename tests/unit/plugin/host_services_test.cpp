// Goal: every function of the host does what lshost/host.h says, also for a plugin that asks badly or is older.
// Method: call the C table directly over a fake database.

#include "plugin/host_services.hpp"

#include <lshost/plugin.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "plugin/abi.hpp"
#include "plugin/convert.hpp"
#include "plugin/replica_context.hpp"
#include "unit/plugin/fake_feed.hpp"
#include "unit/plugin/recorder.hpp"
#include "unit/plugin/test_plugins.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Contains;

namespace {

struct Rig {
  explicit Rig(std::vector<config::Entry> entries = {}, bool is_offline = false)
      : context(make_setup(entries, is_offline)) {}

  plugin::ReplicaSetup make_setup(const std::vector<config::Entry>& entries, bool is_offline) {
    auto setup = setup_of("any", entries);
    setup.feed = is_offline ? nullptr : &feed;
    setup.observer = &observer;
    return setup;
  }

  /// Reads a whole WAL from `offset` through the C functions.
  std::int32_t wal_from(std::uint64_t offset, lshost_reader** reader, lshost_wal_info* info) {
    const lshost_pos from = plugin::to_c(db::Position{kFakeGeneration, 0, offset});
    return host.wal_open(ctx, &from, info, reader, &err);
  }

  FakeFeed feed;
  Recorder observer;
  plugin::ReplicaContext context;
  const lshost_host& host = plugin::host_services();
  lshost_ctx* const ctx = context.handle();
  plugin::ErrorOut err;
};

template <class T>
T sized() {
  T made{};
  made.struct_size = sizeof made;
  return made;
}

}  // namespace

TEST_CASE("host services: who the replica is", "[plugin]") {
  Rig rig;
  const lshost_replica_info* info = rig.host.info(rig.ctx);
  CHECK(info->replica == std::string("one"));
  CHECK(info->database == std::string("app.db"));
  CHECK(info->work_dir == nullptr);
  CHECK(info->flags == 0);
  CHECK(Rig({}, true).host.abi_minor == LSHOST_ABI_MINOR);
  Rig offline({}, true);
  CHECK(offline.host.info(offline.ctx)->flags == LSHOST_CREATE_OFFLINE);
}

TEST_CASE("host services: configuration by type", "[plugin][config]") {
  using config::Value;
  Rig rig({entry("text", "hello"), entry("number", std::int64_t{-5}), entry("flag", true), entry("real", 2.5),
           entry("pause", "1h30m"), entry("size", "4KiB"), entry("bytes", std::int64_t{77}),
           entry("list", std::vector<Value>{{std::string("a")}, {std::string("b")}})});
  auto value = sized<lshost_value>();
  const auto get = [&](const char* key, std::int32_t type, std::int32_t index = -1) {
    return rig.host.config_get(rig.ctx, key, index, type, &value, &rig.err);
  };
  REQUIRE(get("text", LSHOST_CFG_STRING) == LSHOST_OK);
  CHECK(std::string(value.s, value.s_len) == "hello");
  CHECK(value.type == LSHOST_CFG_STRING);
  REQUIRE(get("number", LSHOST_CFG_INT) == LSHOST_OK);
  CHECK(value.i == -5);
  REQUIRE(get("flag", LSHOST_CFG_BOOL) == LSHOST_OK);
  CHECK(value.i == 1);
  REQUIRE(get("real", LSHOST_CFG_DOUBLE) == LSHOST_OK);
  CHECK(value.f == 2.5);
  REQUIRE(get("number", LSHOST_CFG_DOUBLE) == LSHOST_OK);
  CHECK(value.f == -5);
  REQUIRE(get("pause", LSHOST_CFG_DURATION) == LSHOST_OK);
  CHECK(value.i == 5400 * std::int64_t{1'000'000'000});
  REQUIRE(get("size", LSHOST_CFG_SIZE) == LSHOST_OK);
  CHECK(value.i == 4096);
  REQUIRE(get("bytes", LSHOST_CFG_SIZE) == LSHOST_OK);
  CHECK(value.i == 77);

  REQUIRE(get("list", LSHOST_CFG_STRING, 1) == LSHOST_OK);
  CHECK(std::string(value.s) == "b");
  CHECK(get("list", LSHOST_CFG_STRING, 2) == LSHOST_E_NOT_FOUND);
  REQUIRE(get("text", LSHOST_CFG_STRING, 0) == LSHOST_OK);  // one value alone is an array of one
  CHECK(get("text", LSHOST_CFG_STRING, 1) == LSHOST_E_NOT_FOUND);
  CHECK(get("missing", LSHOST_CFG_STRING) == LSHOST_E_NOT_FOUND);
  CHECK(rig.host.config_check(rig.ctx, &rig.err) == LSHOST_OK);
}

TEST_CASE("host services: configuration of the wrong type names its place", "[plugin][config]") {
  Rig rig({entry("text", "hello"), entry("number", std::int64_t{-5}), entry("list", std::vector<config::Value>{})});
  auto value = sized<lshost_value>();
  const auto refuse = [&](const char* key, std::int32_t type, const std::string& wanted) {
    CHECK(rig.host.config_get(rig.ctx, key, -1, type, &value, &rig.err) == LSHOST_E_CONFIG);
    CHECK(rig.err.code == LSHOST_E_CONFIG);
    CHECK(rig.err.flags == LSHOST_ERR_OPERATOR);
    CHECK(rig.err.message == "replicas.toml:9:12: the value of '" + std::string(key) + "' must be " + wanted);
  };
  refuse("number", LSHOST_CFG_STRING, "a string in quotes");
  refuse("list", LSHOST_CFG_STRING, "a string in quotes");
  refuse("text", LSHOST_CFG_INT, "a whole number");
  refuse("text", LSHOST_CFG_BOOL, "true or false");
  refuse("text", LSHOST_CFG_DOUBLE, "a number");
  refuse("text", LSHOST_CFG_DURATION, "a duration such as \"30s\" or \"24h\"");
  refuse("number", LSHOST_CFG_SIZE, "a size such as \"64MiB\"");
}

TEST_CASE("host services: a type of values that came with a later minor version is unsupported", "[plugin][abi]") {
  Rig rig({entry("text", "hello")});
  auto value = sized<lshost_value>();
  for (const char* key : {"text", "missing"}) {
    CHECK(rig.host.config_get(rig.ctx, key, -1, 99, &value, &rig.err) == LSHOST_E_UNSUPPORTED);
    CHECK(rig.err.message == "the key '" + std::string(key) + "': this host has no values of type 99");
  }
  CHECK(rig.host.config_check(rig.ctx, &rig.err) == LSHOST_OK);  // asked for is asked for
}

TEST_CASE("host services: keys that nobody asked for are all named", "[plugin][config]") {
  Rig rig({entry("path", "/x"), entry("pth", "/y"), entry("other", true)});
  auto value = sized<lshost_value>();
  REQUIRE(rig.host.config_get(rig.ctx, "path", -1, LSHOST_CFG_STRING, &value, nullptr) == LSHOST_OK);
  CHECK(rig.host.config_check(rig.ctx, &rig.err) == LSHOST_E_CONFIG);
  CHECK(rig.err.message == std::string("replicas.toml:9:5: unknown key 'pth', did you mean 'path'?; "
                                       "replicas.toml:9:5: unknown key 'other'"));
}

TEST_CASE("host services: without an error to fill, the result is the same", "[plugin]") {
  Rig rig({entry("number", std::int64_t{1})});
  auto value = sized<lshost_value>();
  CHECK(rig.host.config_get(rig.ctx, "number", -1, LSHOST_CFG_STRING, &value, nullptr) == LSHOST_E_CONFIG);
  CHECK(rig.host.config_get(rig.ctx, nullptr, -1, LSHOST_CFG_STRING, &value, nullptr) == LSHOST_E_NOT_FOUND);
  CHECK(rig.host.config_get(rig.ctx, "number", -1, LSHOST_CFG_INT, nullptr, nullptr) == LSHOST_E_CONFIG);
  CHECK(rig.host.status(rig.ctx, nullptr, nullptr) == LSHOST_END);
  rig.feed.commit("x");
  CHECK(rig.host.status(rig.ctx, nullptr, nullptr) == LSHOST_E_INVALID);
  CHECK(rig.host.wal_open(rig.ctx, nullptr, nullptr, nullptr, nullptr) == LSHOST_E_INVALID);
  CHECK(rig.host.snapshot_open(rig.ctx, 0, nullptr, nullptr, nullptr) == LSHOST_E_INVALID);
  CHECK(rig.host.spawn(rig.ctx, nullptr, nullptr, nullptr, nullptr) == LSHOST_E_INVALID);
  rig.host.report_pos(rig.ctx, nullptr);
  rig.host.report_snapshot(rig.ctx, nullptr, 0);
  rig.host.report_error(rig.ctx, nullptr);
  rig.host.report_state(rig.ctx, 99, nullptr);
  rig.host.metric(rig.ctx, nullptr, LSHOST_METRIC_COUNTER, 1);
  rig.host.log(rig.ctx, LSHOST_LOG_TRACE, nullptr, nullptr, 7);
  CHECK(rig.host.extension(rig.ctx, nullptr) == nullptr);
  CHECK(rig.observer.seen().states.empty());
  CHECK(rig.feed.open_streams() == 0);
}

TEST_CASE("host services: a struct of an older plugin is filled as far as it goes", "[plugin][abi]") {
  Rig rig;
  rig.feed.commit("x");
  lshost_db_status status;
  std::memset(&status, 0x5A, sizeof status);
  status.struct_size = offsetof(lshost_db_status, tip);
  REQUIRE(rig.host.status(rig.ctx, &status, nullptr) == LSHOST_OK);
  CHECK(status.struct_size == offsetof(lshost_db_status, tip));
  CHECK(status.page_size == 4096);
  CHECK(status.oldest.generation == std::string(kFakeGeneration));
  CHECK(status.tip.generation[0] == 0x5A);

  lshost_error small;
  std::memset(&small, 0x5A, sizeof small);
  small.struct_size = offsetof(lshost_error, message) + 8;
  CHECK(rig.host.snapshot_open(rig.ctx, 1, nullptr, nullptr, &small) == LSHOST_E_INVALID);
  CHECK(small.message == std::string("out is "));
  CHECK(small.message[8] == 0x5A);
}

TEST_CASE("host services: WAL at, behind and before the tip", "[plugin]") {
  Rig rig;
  auto info = sized<lshost_wal_info>();
  lshost_reader* reader = nullptr;
  CHECK(rig.wal_from(0, &reader, &info) == LSHOST_GONE);
  rig.feed.commit("hello");
  REQUIRE(rig.wal_from(1, &reader, &info) == LSHOST_OK);
  CHECK(info.start.offset == 1);
  CHECK(info.end.offset == 5);
  CHECK(info.commit_ns == 1234);
  std::array<char, 16> text{};
  std::size_t count = 99;
  REQUIRE(reader->read(reader, text.data(), text.size(), &count, nullptr) == LSHOST_OK);
  CHECK(std::string(text.data(), count) == "ello");
  REQUIRE(reader->read(reader, text.data(), text.size(), &count, nullptr) == LSHOST_OK);
  CHECK(count == 0);
  std::uint64_t offset = 0;
  CHECK(reader->fd(reader, &offset, &offset) == -1);
  reader->close(reader);
  CHECK(rig.feed.open_streams() == 0);
  CHECK(rig.wal_from(5, &reader, &info) == LSHOST_END);
  CHECK(reader == nullptr);
  CHECK(rig.wal_from(6, &reader, &info) == LSHOST_GONE);
}

TEST_CASE("host services: what the database says becomes a result", "[plugin]") {
  const auto [code, result, flags] = GENERATE(table<ErrorCode, std::int32_t, std::uint32_t>(
      {{ErrorCode::transient, LSHOST_E_IO, LSHOST_ERR_RETRYABLE},
       {ErrorCode::no_space, LSHOST_E_NO_SPACE, LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR},
       {ErrorCode::corrupt, LSHOST_E_CORRUPT, 0},
       {ErrorCode::internal, LSHOST_E_INTERNAL, 0}}));
  Rig rig;
  rig.feed.commit("x");
  rig.feed.fail_with(Error(code, "the disk is on fire"));
  auto info = sized<lshost_wal_info>();
  lshost_reader* reader = nullptr;
  CHECK(rig.wal_from(0, &reader, &info) == result);
  CHECK(rig.err.code == result);
  CHECK(rig.err.flags == flags);
  CHECK(rig.err.message == std::string("the disk is on fire"));
  rig.feed.fail_with(Error(ErrorCode::gone, "trimmed"));
  CHECK(rig.wal_from(0, &reader, &info) == LSHOST_GONE);
}

TEST_CASE("host services: one snapshot at a time, of the kinds we have", "[plugin]") {
  Rig rig;
  auto info = sized<lshost_snapshot_info>();
  lshost_reader* reader = nullptr;
  CHECK(rig.host.snapshot_open(rig.ctx, 0, &info, &reader, &rig.err) == LSHOST_END);
  rig.feed.commit("x");
  CHECK(rig.host.snapshot_open(rig.ctx, 1, &info, &reader, &rig.err) == LSHOST_E_UNSUPPORTED);
  REQUIRE(rig.host.snapshot_open(rig.ctx, 0, &info, &reader, &rig.err) == LSHOST_OK);
  CHECK(info.size == 5);
  CHECK(info.created_ns == 4321);
  lshost_reader* second = nullptr;
  CHECK(rig.host.snapshot_open(rig.ctx, 0, &info, &second, &rig.err) == LSHOST_E_INVALID);
  CHECK(rig.err.message == std::string("a snapshot of this replica is open already; it must be closed first"));
  reader->close(reader);
  REQUIRE(rig.host.snapshot_open(rig.ctx, 0, &info, &second, &rig.err) == LSHOST_OK);
  second->close(second);
}

TEST_CASE("host services: streams that are never closed come to an end", "[plugin]") {
  Rig rig;
  rig.feed.commit("x");
  auto info = sized<lshost_wal_info>();
  std::int32_t result = LSHOST_OK;
  lshost_reader* reader = nullptr;
  int opened = 0;
  while ((result = rig.wal_from(0, &reader, &info)) == LSHOST_OK && opened < 10'000) ++opened;
  CHECK(opened == 256);
  CHECK(result == LSHOST_E_INVALID);
  CHECK_THAT(rig.err.message, Contains("256 WAL streams open and closes none"));
}

TEST_CASE("host services: a stream that was taken back says so, and can be closed", "[plugin][stop]") {
  Rig rig;
  rig.feed.commit("hello");
  auto info = sized<lshost_wal_info>();
  lshost_reader* reader = nullptr;
  REQUIRE(rig.wal_from(0, &reader, &info) == LSHOST_OK);
  std::array<char, 2> text{};
  std::size_t count = 0;
  rig.context.request_stop();
  CHECK(reader->read(reader, text.data(), text.size(), &count, nullptr) == LSHOST_CANCELLED);
  CHECK(rig.feed.open_streams() == 1);
  rig.context.finish_stop();
  CHECK(rig.feed.open_streams() == 0);
  CHECK(reader->read(reader, text.data(), text.size(), &count, nullptr) == LSHOST_CANCELLED);
  std::uint64_t offset = 0;
  CHECK(reader->fd(reader, &offset, &offset) == -1);
  reader->close(reader);
}

TEST_CASE("host services: waiting", "[plugin]") {
  Rig rig;
  const lshost_pos none{};
  CHECK(rig.host.wait(rig.ctx, nullptr, 0) == LSHOST_TIMEOUT);
  CHECK(rig.host.wait(rig.ctx, &none, 1) == LSHOST_TIMEOUT);
  CHECK(rig.host.sleep(rig.ctx, 1) == LSHOST_OK);
  rig.feed.commit("x");
  CHECK(rig.host.wait(rig.ctx, nullptr, -1) == LSHOST_OK);
  CHECK(rig.host.wait(rig.ctx, &none, INT64_MAX) == LSHOST_OK);
  const lshost_pos tip = plugin::to_c(db::Position{kFakeGeneration, 0, 1});
  CHECK(rig.host.wait(rig.ctx, &tip, 1) == LSHOST_TIMEOUT);
  CHECK(rig.host.snapshot_due(rig.ctx) == 0);
  rig.feed.set_snapshot_due(true);
  CHECK(rig.host.snapshot_due(rig.ctx) == 1);
  CHECK(rig.host.wait(rig.ctx, &tip, -1) == LSHOST_OK);
  rig.host.report_snapshot(rig.ctx, &tip, 10);
  CHECK(rig.host.snapshot_due(rig.ctx) == 0);

  CHECK(rig.host.cancelled(rig.ctx) == 0);
  rig.context.request_stop();
  CHECK(rig.host.cancelled(rig.ctx) == 1);
  CHECK(rig.host.wait(rig.ctx, &none, -1) == LSHOST_CANCELLED);
  CHECK(rig.host.sleep(rig.ctx, -1) == LSHOST_CANCELLED);
  rig.context.finish_stop();
  CHECK(rig.host.cancelled(rig.ctx) == 0);
  CHECK(rig.host.sleep(rig.ctx, 1) == LSHOST_OK);
}

TEST_CASE("host services: the descriptor of events is readable after a commit and after a stop", "[plugin]") {
  const bool is_offline = GENERATE(false, true);
  Rig rig({}, is_offline);
  pollfd waiting = {rig.host.event_fd(rig.ctx), POLLIN, 0};
  REQUIRE(waiting.fd >= 0);
  CHECK(rig.host.event_fd(rig.ctx) == waiting.fd);
  CHECK(::poll(&waiting, 1, 0) == 0);
  std::uint64_t count = 0;
  if (!is_offline) {
    rig.feed.commit("x");
    CHECK(::poll(&waiting, 1, 0) == 1);
    CHECK(::read(waiting.fd, &count, sizeof count) == sizeof count);
    CHECK(::poll(&waiting, 1, 0) == 0);
  }
  rig.context.request_stop();
  CHECK(::poll(&waiting, 1, 0) == 1);
}

TEST_CASE("host services: a promise about what does not exist is not believed", "[plugin]") {
  Rig rig;
  rig.feed.commit("hello");
  const auto report = [&](const db::Position& position) {
    const lshost_pos c = plugin::to_c(position);
    rig.host.report_pos(rig.ctx, &c);
  };
  report({kFakeGeneration, 0, 6});
  report({kFakeGeneration, 1, 0});
  report({"no generation", 0, 0});
  report({});
  CHECK(rig.feed.reported().empty());
  CHECK(rig.observer.seen().durable.empty());
  report({kFakeGeneration, 0, 5});
  report({kFakeGeneration, 0, 3});     // data was lost at the destination
  report({"ffffffffffffffff", 7, 7});  // a generation that has ended
  CHECK(rig.feed.reported().size() == 3);
  CHECK(rig.observer.seen().durable.size() == 3);
}

TEST_CASE("host services: errors and states reach the observer as values", "[plugin]") {
  Rig rig;
  plugin::ErrorOut failure;
  failure.code = LSHOST_E_NO_SPACE;
  failure.flags = LSHOST_ERR_OPERATOR;
  failure.retry_after_ms = 1500;
  std::memset(failure.message, 'x', sizeof failure.message);  // no NUL
  rig.host.report_error(rig.ctx, &failure);
  rig.host.report_state(rig.ctx, LSHOST_STATE_BACKOFF, "waiting");
  rig.host.metric(rig.ctx, "put_seconds", LSHOST_METRIC_HISTOGRAM, 0.5);
  const auto seen = rig.observer.seen();
  REQUIRE(seen.failures.size() == 1);
  CHECK(seen.failures[0].code == ErrorCode::no_space);
  CHECK(seen.failures[0].needs_operator);
  CHECK_FALSE(seen.failures[0].retryable);
  CHECK(seen.failures[0].retry_after == std::chrono::milliseconds(1500));
  CHECK(seen.failures[0].message.size() == sizeof failure.message);
  CHECK(seen.states == std::vector{plugin::ReplicaState::backing_off});
  CHECK(seen.metrics.at("put_seconds") == 0.5);
}

TEST_CASE("host services: threads have the plugin's name, and are joined", "[plugin]") {
  Rig rig;
  std::array<char, 16> name{};
  const auto work = [](void* arg) noexcept { (void)pthread_getname_np(pthread_self(), static_cast<char*>(arg), 16); };
  REQUIRE(rig.host.spawn(rig.ctx, "a-name-that-is-too-long", work, name.data(), &rig.err) == LSHOST_OK);
  CHECK(rig.context.threads().join(std::nullopt));
  CHECK(std::string(name.data()) == "a-name-that-is-");
  rig.context.request_stop();
  CHECK(rig.host.spawn(rig.ctx, "late", work, name.data(), &rig.err) == LSHOST_CANCELLED);
}

TEST_CASE("host services: nothing reaches the database of a replica that is closed", "[plugin][stop]") {
  Rig rig;
  rig.feed.commit("hello");
  rig.context.close();
  auto status = sized<lshost_db_status>();
  auto info = sized<lshost_wal_info>();
  lshost_reader* reader = nullptr;
  CHECK(rig.host.status(rig.ctx, &status, nullptr) == LSHOST_CANCELLED);
  CHECK(rig.wal_from(0, &reader, &info) == LSHOST_CANCELLED);
  CHECK(rig.host.wait(rig.ctx, nullptr, -1) == LSHOST_CANCELLED);
  CHECK(rig.host.sleep(rig.ctx, -1) == LSHOST_CANCELLED);
  CHECK(rig.host.event_fd(rig.ctx) == -1);
  CHECK(rig.host.snapshot_due(rig.ctx) == 0);
  const lshost_pos tip = plugin::to_c(db::Position{kFakeGeneration, 0, 5});
  rig.host.report_pos(rig.ctx, &tip);
  rig.host.report_state(rig.ctx, LSHOST_STATE_FAILED, nullptr);
  CHECK(rig.feed.reported().empty());
  CHECK(rig.observer.seen().states.empty());
}
