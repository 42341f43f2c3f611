// The store of a plugin by itself, without the engine on top of it.

#include <fmt/format.h>
#include <lshost/ext/store.h>
#include <signal.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "check/cases.hpp"
#include "check/plugin_store.hpp"
#include "check/store_cases.hpp"

namespace lshost::check {
namespace {

using engine::Store;
using std::chrono::milliseconds;

/// What the plugin would have given to the engine.
struct PluginStore {
  PluginStore(Bench& bench, const std::string& name) : place(bench, name), store(place.take()) {}
  Store& operator*() { return store; }
  Store* operator->() { return &store; }
  StorePlace place;
  Store store;
};

/// A helper's order: put a body of that seed and size under `key`, and die in the read after `fatal` bytes.
struct FatalPut {
  std::string key;
  std::uint64_t seed = 0;
  std::uint64_t size = 0;
  std::uint64_t fatal = 0;
  bool is_known = true;
};

std::string encode_put(const FatalPut& put) {
  return fmt::format("put {} {} {} {} {}", put.key, put.seed, put.size, put.fatal, put.is_known ? 1 : 0);
}

[[noreturn]] void put_and_die(Store& store, std::istringstream& order) {
  FatalPut put;
  order >> put.key >> put.seed >> put.size >> put.fatal >> put.is_known;
  Body body(put.seed, put.size);
  body.on_read = [&](std::uint64_t done) {
    if (done >= put.fatal) (void)::raise(SIGKILL);
  };
  store.put(put.key, body, put.is_known ? put.size : LSHOST_SIZE_UNKNOWN);
  // A store may read no further than it has to, and so be done.
  (void)::raise(SIGKILL);
  std::abort();
}

constexpr std::uint64_t kStreamSize = 40'000;

[[noreturn]] void put_until_killed(Store& store) {
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const std::string key = fmt::format("stream/{}", i);
    put_body(store, key, i, kStreamSize);
    send_line(fmt::format("{}\n", i));
  }
  std::abort();  // nobody killed it
}

void run_part(Bench& bench) {
  PluginStore store(bench, "a");
  std::istringstream order(bench.part());
  std::string word;
  order >> word;
  if (word == "put") put_and_die(*store, order);
  put_until_killed(*store);
}

void require_killed(const Ended& ended, const std::string& when) {
  if (ended.signal != SIGKILL) throw Failed(when + ", the process that put " + to_string(ended));
}

/// Nothing under the key, or one of these bodies, whole.
void require_whole(Store& store, const FatalPut& put, const std::optional<std::uint64_t>& old_seed) {
  const std::string what =
      fmt::format("killed after {} of {} bytes of a put{}", put.fatal, put.size, old_seed ? " over an object" : "");
  const auto listed = store.list(put.key);
  if (listed.empty()) {
    if (old_seed) throw Failed(what + ": the old object is gone");
    return;
  }
  if (listed.size() > 1) throw Failed(what + ": list gives its key more than once, or others that begin with it");
  const std::string got = get_text(store, put.key);
  if (got == body_text(put.seed, put.size)) return;
  if (old_seed && got == body_text(*old_seed, put.size)) return;
  throw Failed(fmt::format("{}: there is an object of {} bytes that is {}", what, got.size(),
                           old_seed ? "neither the old nor the new one" : "not the new one"));
}

void kill_in_puts(Bench& bench, PluginStore& store) {
  unsigned number = 0;
  for (const std::uint64_t size : {std::uint64_t{300'000}, std::uint64_t{9} << 20}) {
    for (const bool is_known : {true, false}) {
      for (const bool is_over : {false, true}) {
        for (const std::uint64_t fatal : {std::uint64_t{0}, size / 2, size}) {
          FatalPut put{fmt::format("killed/{}", number++), 2, size, fatal, is_known};
          if (is_over) put_body(*store, put.key, 1, size);
          bench.doing(fmt::format("a process was killed after {} of {} bytes of a put", fatal, size));
          const auto child = bench.start_part(encode_put(put));
          const auto ended = child->wait(std::chrono::steady_clock::now() + std::chrono::seconds(30));
          if (!ended) throw Failed("put did not read its body");
          require_killed(*ended, "in a put");
          require_whole(*store, put, is_over ? std::optional<std::uint64_t>(1) : std::nullopt);
        }
      }
    }
  }
}

void kill_between_puts(Bench& bench, PluginStore& store) {
  std::mt19937_64 random(bench.seed());
  for (unsigned round = 0; round < 3 + bench.rounds(); ++round) {
    bench.doing("a process that put one object after the other was killed");
    const auto child = bench.start_part("stream");
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::int64_t last = -1;
    const auto goal = static_cast<std::int64_t>(random() % 20);
    while (last < goal) {
      const auto line = child->read_line(patience);
      if (!line) throw Failed("puts do not get done");
      last = std::stoll(*line);
    }
    const auto end = std::chrono::steady_clock::now() + milliseconds(random() % 20);
    while (const auto line = child->read_line(end)) last = std::stoll(*line);
    require_killed(child->kill(), "in one of many puts");
    while (const auto line = child->read_line(patience)) last = std::stoll(*line);
    for (std::int64_t i = 0; i <= last; ++i) {
      const auto seed = static_cast<std::uint64_t>(i);
      if (get_text(*store, fmt::format("stream/{}", i)) != body_text(seed, kStreamSize)) {
        throw Failed(fmt::format("put {} said LSHOST_OK, the process was killed, and get gives something else", i));
      }
    }
    for (const auto& object : store->list("stream/")) {
      if (object.size != kStreamSize) {
        throw Failed(fmt::format("after a process was killed, {} of {} bytes of {} are listed", object.size,
                                 kStreamSize, object.key));
      }
    }
  }
}

}  // namespace

void case_store(Bench& bench) {
  if (!bench.is_store()) throw Skipped("the type gives the engine no store");
  const auto found = std::ranges::find(store_cases(), bench.case_name(), &StoreCase::name);
  PluginStore store(bench, "a");
  found->run(*store, {});
}

void case_store_killed(Bench& bench) {
  if (!bench.is_store()) throw Skipped("the type gives the engine no store");
  if (!bench.part().empty()) run_part(bench);
  PluginStore store(bench, "a");
  kill_in_puts(bench, store);
  kill_between_puts(bench, store);
}

}  // namespace lshost::check
