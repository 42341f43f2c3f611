// Lists that need several pages, and removals that need several requests.

#include <catch2/catch.hpp>
#include <thread>

#include "gateway.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

std::string key_of(int number) { return "wal/" + std::to_string(100'000 + number); }

/// Keys of the server's own, which nobody but a stranger would choose.
void put_as_stranger(Store& store, const std::string& full_key) {
  store.client().send({.method = "PUT", .key = full_key, .verb = "put"});
}

}  // namespace

TEST_CASE("s3: more than a thousand objects are listed, each once, and removed in a few requests", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server, {{"prefix", std::string("p&q=1 +%2B")}});  // the server's continuation tokens have it in them
  constexpr int kCount = 2'345;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = t; i < kCount; i += 8) store.put(key_of(i), "x");
      });
    }
  }
  std::vector<std::string> expected;
  for (int i = 0; i < kCount; ++i) expected.push_back(key_of(i));
  CHECK(store.list() == expected);
  CHECK(store.list("wal/1000").size() == 100);

  store->Remove(expected);
  CHECK(store.list().empty());
}

TEST_CASE("s3: strange keys of others below our prefix do not disturb a list", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  store.put("a", "x");
  for (const auto* strange : {"replica/ b+c", "replica/\x01\x02", "replica/<&>", "replica/", "replica/\xc3\xa4"}) {
    put_as_stranger(store, strange);
  }
  const auto keys = store.list();
  CHECK(keys == std::vector<std::string>{"\x01\x02", " b+c", "<&>", "a", "\xc3\xa4"});
}

TEST_CASE("s3: what a listing's receiver throws ends it and comes through", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  store.put("a", "x");
  store.put("b", "x");
  struct Enough {};
  int seen = 0;
  CHECK_THROWS_AS(store->List("",
                              [&](const Blob&) {
                                if (++seen == 1) throw Enough{};
                              }),
                  Enough);
  CHECK(seen == 1);
}

TEST_CASE("s3: many threads put, get and list at once", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        try {
          for (unsigned i = 0; i < 10; ++i) {
            const std::string key = "k" + std::to_string(t) + "-" + std::to_string(i);
            const std::string bytes = noise(10'000 + i, t * 100 + i);
            store.put(key, bytes);
            if (store.get(key) != bytes) ++wrong;
          }
          if (store.list("k" + std::to_string(t) + "-").size() != 10) ++wrong;
        } catch (const std::exception&) {
          ++wrong;
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(store.list().size() == 80);
}
