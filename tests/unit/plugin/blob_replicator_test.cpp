// Goal: a class with put, get, list and remove arrives at the host's engine as a store that keeps its contract.
// Method: load the plugin with a host whose engine is the test, which takes the store and uses it.

#include <lshost/ext/store.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string_view>

#include "plugin/abi.hpp"
#include "plugin/host_services.hpp"
#include "plugin/replica_context.hpp"
#include "unit/plugin/test_plugins.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

lshost_store* taken_store = nullptr;

std::int32_t take_store(lshost_ctx* /*ctx*/, const char* type, lshost_store* store, lshost_replicator** out,
                        lshost_error* err) noexcept {
  taken_store = store;
  *out = nullptr;
  plugin::fill_error(err, LSHOST_E_UNSUPPORTED, 0, std::string("taken for ") + type);
  return LSHOST_E_UNSUPPORTED;
}

constexpr lshost_engine kEngine = {sizeof(lshost_engine), 0, take_store};

const void* find_engine(lshost_ctx* /*ctx*/, const char* id) noexcept {
  return std::string_view(id) == LSHOST_HOST_ENGINE ? &kEngine : nullptr;
}

/// A stream over a text, as the host would hand it to put.
struct TextReader : lshost_reader {
  explicit TextReader(std::string body) : lshost_reader{}, text(std::move(body)) {
    struct_size = sizeof(lshost_reader);
    impl = this;
    read = [](lshost_reader* self, void* buf, std::size_t cap, std::size_t* n, lshost_error*) noexcept -> std::int32_t {
      auto& me = *static_cast<TextReader*>(self->impl);
      if (me.fails) return LSHOST_GONE;
      *n = std::min(cap, me.text.size() - me.at);
      std::memcpy(buf, me.text.data() + me.at, *n);
      me.at += *n;
      return LSHOST_OK;
    };
    close = [](lshost_reader* self) noexcept { ++static_cast<TextReader*>(self->impl)->closed; };
  }
  std::string text;
  std::size_t at = 0;
  bool fails = false;
  int closed = 0;
};

struct KeySink : lshost_blob_sink {
  explicit KeySink(std::size_t stop_after) : lshost_blob_sink{}, limit(stop_after) {
    struct_size = sizeof(lshost_blob_sink);
    impl = this;
    item = [](lshost_blob_sink* self, const lshost_blob* blob) noexcept -> std::int32_t {
      auto& me = *static_cast<KeySink*>(self->impl);
      me.keys.push_back(std::string(blob->key) + "=" + std::to_string(blob->size));
      return me.keys.size() == me.limit ? LSHOST_END : LSHOST_OK;
    };
  }
  std::size_t limit;
  std::vector<std::string> keys;
};

std::string read_all(lshost_reader* reader) {
  std::string all;
  char some[3];
  std::size_t count = 0;
  while (reader->read(reader, some, sizeof some, &count, nullptr) == LSHOST_OK && count > 0) all.append(some, count);
  reader->close(reader);
  return all;
}

}  // namespace

TEST_CASE("blob replicator: the engine gets a store that puts, gets, lists and removes", "[plugin][sdk]") {
  const auto type = plugin::PluginRegistry({kPluginFolder}).load("blobs");
  lshost_host host = plugin::host_services();
  host.extension = find_engine;
  plugin::ReplicaContext context(setup_of("blobs"));
  lshost_replicator* made = nullptr;
  plugin::ErrorOut err;
  taken_store = nullptr;
  REQUIRE(type.table.create(type.self, &host, context.handle(), 0, &made, &err) == LSHOST_E_UNSUPPORTED);
  CHECK(err.message == std::string("taken for blobs"));
  REQUIRE(taken_store != nullptr);
  lshost_store* const store = taken_store;
  CHECK(store->flags == 0);

  TextReader body("hello world");
  REQUIRE(store->put(store, "a/1", &body, body.text.size(), &err) == LSHOST_OK);
  CHECK(body.closed == 0);  // it is the engine's
  TextReader other("x");
  REQUIRE(store->put(store, "b/1", &other, 1, &err) == LSHOST_OK);
  TextReader broken("y");
  broken.fails = true;
  CHECK(store->put(store, "b/2", &broken, 1, &err) == LSHOST_GONE);

  lshost_reader* reader = nullptr;
  REQUIRE(store->get(store, "a/1", 6, 3, &reader, &err) == LSHOST_OK);
  CHECK(read_all(reader) == "wor");
  CHECK(store->get(store, "c", 0, UINT64_MAX, &reader, &err) == LSHOST_E_NOT_FOUND);
  CHECK(reader == nullptr);
  CHECK(err.message == std::string("no c"));

  KeySink all(100);
  REQUIRE(store->list(store, "", &all, &err) == LSHOST_OK);
  CHECK(all.keys == std::vector<std::string>{"a/1=11", "b/1=1"});
  KeySink first(1);
  CHECK(store->list(store, "", &first, &err) == LSHOST_END);  // what the sink said
  CHECK(first.keys.size() == 1);

  const char* const keys[] = {"a/1", "never there"};
  REQUIRE(store->remove(store, keys, 2, &err) == LSHOST_OK);
  CHECK(store->get(store, "a/1", 0, 1, &reader, &err) == LSHOST_E_NOT_FOUND);
  store->destroy(store);
}

TEST_CASE("blob replicator: a store says that this host has no engine for it", "[plugin][sdk]") {
  const auto type = plugin::PluginRegistry({kPluginFolder}).load("blobs");
  lshost_host host = plugin::host_services();
  host.extension = [](lshost_ctx*, const char*) noexcept -> const void* { return nullptr; };
  plugin::ReplicaContext context(setup_of("blobs"));
  lshost_replicator* made = nullptr;
  plugin::ErrorOut err;
  CHECK(type.table.create(type.self, &host, context.handle(), 0, &made, &err) == LSHOST_E_UNSUPPORTED);
  CHECK_THAT(std::string(err.message), Catch::Matchers::Contains("this host has no engine for stores"));
}
