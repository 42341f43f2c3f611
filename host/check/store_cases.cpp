#include "check/store_cases.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <lshost/abi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "check/outcome.hpp"

namespace lshost::check {
namespace {

using engine::Store;
using Keys = std::set<std::string>;

void require(bool holds, const std::string& otherwise) {
  if (!holds) throw Failed(otherwise);
}

/// Throws Failed unless the object is what was put.
void require_object(Store& store, const std::string& key, std::uint64_t seed, std::uint64_t size,
                    const std::string& when = "") {
  const std::string got = get_text(store, key);
  const std::string wanted = body_text(seed, size);
  if (got == wanted) return;
  const auto different = std::ranges::mismatch(got, wanted).in1 - got.begin();
  throw Failed(fmt::format("{}{}: get gives {} bytes that differ from the {} of put at byte {}", when, key, got.size(),
                           wanted.size(), different));
}

Keys keys_of(Store& store, const std::string& prefix) {
  Keys all;
  for (const auto& object : store.list(prefix)) {
    require(all.insert(object.key).second, fmt::format("list(\"{}\") has {} twice", prefix, object.key));
  }
  return all;
}

void require_keys(Store& store, const std::string& prefix, const Keys& wanted, const std::string& when = "") {
  const Keys got = keys_of(store, prefix);
  if (got == wanted) return;
  Keys missing;
  Keys extra;
  std::ranges::set_difference(wanted, got, std::inserter(missing, missing.end()));
  std::ranges::set_difference(got, wanted, std::inserter(extra, extra.end()));
  const auto shown = [](const Keys& keys) {
    const std::vector<std::string> some(keys.begin(),
                                        std::next(keys.begin(), std::min<std::ptrdiff_t>(5, std::ssize(keys))));
    return fmt::format("{} ({}{})", keys.size(), fmt::join(some, ", "), keys.size() > some.size() ? ", ..." : "");
  };
  std::string reason =
      fmt::format("{}list(\"{}\") has {} keys where there are {}", when, prefix, got.size(), wanted.size());
  if (!missing.empty()) reason += "; missing: " + shown(missing);
  if (!extra.empty()) reason += "; too many: " + shown(extra);
  throw Failed(reason);
}

/// The result that a call ends with, as the C function would give it.
template <class Fn>
std::int32_t result_of(Fn&& fn) {
  try {
    std::forward<Fn>(fn)();
    return LSHOST_OK;
  } catch (const v1::Error& e) {
    require(std::string(e.what()).size() > 5, "an error of the store has no sentence");
    return e.Code();
  } catch (const Gone&) {
    return LSHOST_GONE;
  } catch (const Cancelled&) {
    return LSHOST_CANCELLED;
  }
}

/// Runs `work` on several threads where the store allows it; the first failure is thrown when all have ended.
void on_threads(const Store& store, int count, const std::function<void(int)>& work) {
  std::vector<std::string> failures(static_cast<std::size_t>(count));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < (store.is_parallel() ? count : 1); ++i) {
      threads.emplace_back([&, i] {
        try {
          work(i);
        } catch (const std::exception& e) {
          failures[static_cast<std::size_t>(i)] = e.what();
        } catch (...) {
          failures[static_cast<std::size_t>(i)] = "a call ended with a result that is no failure";
        }
      });
    }
  }
  const auto failed = std::ranges::find_if_not(failures, &std::string::empty);
  if (failed != failures.end()) throw Failed(*failed);
}

// ---- the cases ----

void objects_come_back(Store& store, const StoreTraits& /*traits*/) {
  for (const std::uint64_t size : {0U, 1U, 4096U, 65'537U, (5U << 20) + 1, 20U << 20}) {
    const std::string key = "sizes/" + std::to_string(size);
    put_body(store, key, size, size);
    require_object(store, key, size, size);
    const auto listed = store.list(key);
    require(listed.size() == 1 && listed[0].key == key, fmt::format("list(\"{}\") does not give that one key", key));
    require(listed[0].size == size, fmt::format("{}: list says {} bytes", key, listed[0].size));
  }
}

void size_may_be_unknown(Store& store, const StoreTraits& /*traits*/) {
  for (const std::uint64_t size : {0U, 1U, 100'000U, 5U << 20, (8U << 20) + 1, 40U << 20}) {
    Body body(size, size);
    store.put("unknown", body, LSHOST_SIZE_UNKNOWN);
    require_object(store, "unknown", size, size, fmt::format("{} bytes, of a size that put did not know: ", size));
    require_keys(store, "", {"unknown"});
  }
}

void put_replaces(Store& store, const StoreTraits& /*traits*/) {
  put_body(store, "a/b", 1, 1000);
  put_body(store, "a/b", 1, 1000);
  require_object(store, "a/b", 1, 1000, "after the same put twice: ");
  put_body(store, "a/b", 2, 10);  // shorter: nothing of the old one is left
  require_object(store, "a/b", 2, 10, "after a put over a longer object: ");
  require_keys(store, "", {"a/b"});
}

void put_is_atomic(Store& store, const StoreTraits& /*traits*/) {
  constexpr std::uint64_t kSize = 300'000;
  put_body(store, "a", 0, kSize);
  const std::array<std::string, 2> versions = {body_text(0, kSize), body_text(1, kSize)};
  std::atomic<bool> done{false};
  std::string failure;
  std::thread writer([&] {
    try {
      for (std::uint64_t i = 1; i <= 20; ++i) put_body(store, "a", i % 2, kSize);
    } catch (const std::exception& e) {
      failure = e.what();
    }
    done = true;
  });
  std::optional<std::string> torn;
  try {
    do {
      const std::string seen = get_text(store, "a");
      if (seen != versions[0] && seen != versions[1]) torn = fmt::format("{} bytes, which are neither", seen.size());
    } while (!done);
  } catch (const std::exception& e) {
    torn = e.what();
  }
  writer.join();
  require(failure.empty(), failure);
  if (torn) throw Failed("while an object is replaced, get gives something else than the old or the new one: " + *torn);
}

/// Stores that can't tell old from new replace; all others keep, whatever the size.
void put_new_keeps(Store& store, const StoreTraits& traits) {
  const bool keeps = store.can_put_new() && traits.keeps_existing;
  for (const std::uint64_t size : {0ULL, 700ULL, 9ULL << 20}) {
    for (const bool is_known : {true, false}) {
      const std::string key = fmt::format("new/{}{}", size, is_known ? "" : "-unknown");
      const auto put_new = [&](std::uint64_t seed) {
        Body body(seed, size);
        return result_of([&] { store.put_new(key, body, is_known ? size : LSHOST_SIZE_UNKNOWN); });
      };
      require(put_new(1) == LSHOST_OK, key + ": put_new refuses a new object");
      const std::int32_t again = put_new(2);
      require(again == (keeps ? LSHOST_E_EXISTS : LSHOST_OK),
              fmt::format("{}: put_new of an object that is there says {}, not LSHOST_E_EXISTS", key, again));
      require_object(store, key, keeps ? 1 : 2, size, "after put_new of an object that is there: ");
      put_body(store, key, 3, size);
      require_object(store, key, 3, size);
      store.remove(std::span(&key, 1));
      require(put_new(4) == LSHOST_OK, key + ": put_new refuses an object that was removed");
      require_object(store, key, 4, size);
    }
  }
  require(keys_of(store, "").size() == 6, "put_new leaves other objects behind");
}

void one_put_new_wins(Store& store, const StoreTraits& traits) {
  if (!store.can_put_new() || !traits.keeps_existing) throw Skipped("the store has no put_new that tells old from new");
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
            store.put_new(key, body, 1000);
            winner = seed;
            ++stored;
          } catch (const v1::Error& e) {
            refused += e.Code() == LSHOST_E_EXISTS ? 1 : 0;
          } catch (const Cancelled&) {
          }
        });
      }
    }
    require(stored == 1 && refused == 3,
            fmt::format("of 4 put_new of one key at once {} stored it and {} got LSHOST_E_EXISTS", stored.load(),
                        refused.load()));
    require_object(store, key, winner, 1000, "the put_new that said LSHOST_OK is not the one that stored: ");
  }
}

void failed_body_stores_nothing(Store& store, const StoreTraits& /*traits*/) {
  put_body(store, "old", 1, 1000);
  for (const bool is_known : {true, false}) {
    for (const std::uint64_t fail_at : {0ULL, 70'000ULL, 9ULL << 20}) {
      const std::uint64_t size = 10U << 20;
      for (const auto* key : {"new", "old"}) {
        Body body(2, size);
        body.on_read = [&](std::uint64_t done) {
          if (done >= fail_at) throw v1::Error(LSHOST_E_IO, "the check lets this body fail", LSHOST_ERR_RETRYABLE);
        };
        require(result_of([&] { store.put(key, body, is_known ? size : LSHOST_SIZE_UNKNOWN); }) < 0,
                fmt::format("put says LSHOST_OK although its body failed after {} bytes", fail_at));
      }
    }
  }
  Body cut(2, 1000);  // fewer bytes than were promised
  require(result_of([&] { store.put("new", cut, 2000); }) < 0,
          "put says LSHOST_OK although its body had 1000 bytes of the 2000 that were promised");
  require_keys(store, "", {"old"}, "after puts that failed: ");
  require_object(store, "old", 1, 1000, "after puts that failed: ");
}

void cancelled_body_stores_nothing(Store& store, const StoreTraits& /*traits*/) {
  for (const std::uint64_t stop_at : {0ULL, 6ULL << 20}) {
    Body body(2, 10U << 20);
    body.on_read = [&](std::uint64_t done) {
      if (done >= stop_at) throw Cancelled{};
    };
    require(result_of([&] { store.put("new", body, LSHOST_SIZE_UNKNOWN); }) == LSHOST_CANCELLED,
            "put does not hand on the LSHOST_CANCELLED of its body");
  }
  require_keys(store, "", {}, "after a put that was cancelled: ");
}

void ranges(Store& store, const StoreTraits& /*traits*/) {
  constexpr std::uint64_t kSize = 200'000;
  put_body(store, "a", 1, kSize);
  const std::string all = body_text(1, kSize);
  const std::pair<std::uint64_t, std::uint64_t> parts[] = {
      {0, 1}, {0, kSize}, {1, 4096}, {65'535, 2}, {kSize - 1, 1}, {kSize - 4096, 4096}, {100'000, UINT64_MAX}};
  for (const auto& [offset, length] : parts) {
    const std::string got = get_text(store, "a", offset, length);
    require(got == all.substr(offset, length),
            fmt::format("get of {} bytes from {} gives {} bytes that are not those", length, offset, got.size()));
  }
  // A stream that is closed before its end disturbs nothing.
  for (int i = 0; i < 5; ++i) {
    std::byte some[10];
    require(store.get("a", 0, UINT64_MAX)->Read(some) > 0, "get of a whole object gives nothing");
  }
  require(get_text(store, "a", 5, 5) == all.substr(5, 5),
          "a range is wrong after streams that were not read to their end");
}

void missing_objects(Store& store, const StoreTraits& /*traits*/) {
  require_keys(store, "", {}, "where nothing is: ");
  require_keys(store, "generations/", {}, "where nothing is: ");
  put_body(store, "a/b", 1, 10);
  for (const auto* key : {"a", "a/", "a/b/c", "a/bc", "b"}) {
    const auto result = result_of([&] { (void)get_text(store, key); });
    require(result == LSHOST_E_NOT_FOUND,
            fmt::format("get of {}, which is not there, says {}, not LSHOST_E_NOT_FOUND", key, result));
  }
  const std::string none = "a/c";
  store.remove(std::span(&none, 1));
  store.remove({});
  require_keys(store, "", {"a/b"});
}

void list_by_prefix(Store& store, const StoreTraits& /*traits*/) {
  for (const auto* key : {"a/1", "a/12", "a/2", "ab/1", "b/a/1", ".c"}) put_body(store, key, 1, 3);
  require_keys(store, "", {"a/1", "a/12", "a/2", "ab/1", "b/a/1", ".c"});
  require_keys(store, "a", {"a/1", "a/12", "a/2", "ab/1"});
  require_keys(store, "a/", {"a/1", "a/12", "a/2"});
  require_keys(store, "a/1", {"a/1", "a/12"});
  require_keys(store, "b/a/", {"b/a/1"});
  require_keys(store, "b/b", {});
  require_keys(store, "/", {});
}

/// More than two pages of what servers give at once.
void list_many(Store& store, const StoreTraits& /*traits*/) {
  constexpr std::size_t kCount = 2'103;
  std::vector<std::string> all;
  for (std::size_t i = 0; i < kCount; ++i) all.push_back("many/" + std::to_string(100'000 + i));
  std::atomic<std::size_t> next{0};
  on_threads(store, 8, [&](int) {
    for (std::size_t i = next++; i < all.size(); i = next++) put_body(store, all[i], i, 1);
  });
  require_keys(store, "many/", Keys(all.begin(), all.end()));
}

void remove_many(Store& store, const StoreTraits& /*traits*/) {
  std::vector<std::string> all;
  for (int i = 0; i < 1'203; ++i) all.push_back("many/" + std::to_string(100'000 + i));  // most are not there
  for (std::size_t i = 0; i < all.size(); i += 60) put_body(store, all[i], i, 1);
  put_body(store, "other", 1, 1);
  require(keys_of(store, "many/").size() == 21, "list(\"many/\") does not have the 21 objects that were put");
  store.remove(all);
  require_keys(store, "", {"other"}, "after all below many/ were removed: ");
}

void odd_keys(Store& store, const StoreTraits& /*traits*/) {
  std::string long_key;
  while (long_key.size() < 255) long_key += long_key.size() % 60 == 59 ? '/' : 'x';
  const Keys allowed = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz",
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
  for (const auto& key : allowed) put_body(store, key, ++seed, 100);
  require_keys(store, "", allowed);
  seed = 0;
  for (const auto& key : allowed) require_object(store, key, ++seed, 100);
  const std::vector<std::string> list(allowed.begin(), allowed.end());
  store.remove(list);
  require_keys(store, "", {}, "after all were removed: ");
}

void calls_at_once(Store& store, const StoreTraits& /*traits*/) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 12;
  on_threads(store, kThreads, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const std::string key = fmt::format("at-once/{}/{}", thread, i);
      const auto seed = static_cast<std::uint64_t>(thread * 1000 + i);
      put_body(store, key, seed, 10'000);
      require_object(store, key, seed, 10'000, "with other calls going on: ");
      require(!store.list(key).empty(), key + " was put and is not listed");
      if (i % 2 == 0) store.remove(std::span(&key, 1));
    }
  });
  const std::size_t left = static_cast<std::size_t>(store.is_parallel() ? kThreads : 1) * kRounds / 2;
  require(keys_of(store, "at-once/").size() == left, "after calls at once, other objects are there than were left");
}

constexpr StoreCase kCases[] = {
    {"store-objects", "objects of all sizes come back as they were put", objects_come_back},
    {"store-unknown-size", "the size of an object may be unknown beforehand", size_may_be_unknown},
    {"store-replace", "put replaces what is there, and may be repeated", put_replaces},
    {"store-atomic", "a reader sees the old object or the new one", put_is_atomic},
    {"store-put-new", "put_new keeps what is there", put_new_keeps},
    {"store-put-new-race", "of several put_new at once one wins", one_put_new_wins},
    {"store-failed-body", "a body that fails leaves things as they were", failed_body_stores_nothing},
    {"store-cancelled-body", "a cancelled body leaves things as they were", cancelled_body_stores_nothing},
    {"store-ranges", "ranges of an object are exact", ranges},
    {"store-missing", "what is not there is told apart", missing_objects},
    {"store-prefix", "a listing has all keys of a prefix and no others", list_by_prefix},
    {"store-list-many", "a listing has thousands of keys", list_many},
    {"store-remove-many", "more than a thousand objects are removed, missing ones too", remove_many},
    {"store-odd-keys", "all characters that keys may have are kept", odd_keys},
    {"store-at-once", "calls at once do not disturb each other", calls_at_once},
};

}  // namespace

std::size_t Body::Read(std::span<std::byte> into) {
  if (on_read) on_read(done_);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - done_));
  for (std::size_t i = 0; i < count; ++i) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    into[i] = static_cast<std::byte>(state_ >> 56);
  }
  done_ += count;
  return count;
}

std::string body_text(std::uint64_t seed, std::uint64_t size) { return Body(seed, size).ReadAll(); }

void put_body(Store& store, const std::string& key, std::uint64_t seed, std::uint64_t size) {
  Body body(seed, size);
  store.put(key, body, size);
}

std::string get_text(Store& store, const std::string& key, std::uint64_t offset, std::uint64_t length) {
  return store.get(key, offset, length)->ReadAll();
}

std::span<const StoreCase> store_cases() { return kCases; }

}  // namespace lshost::check
