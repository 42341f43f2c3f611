#include "engine/probe.hpp"

#include <string>

#include "base/random_id.hpp"
#include "engine/streams.hpp"

namespace lshost::engine {
namespace {

using Clock = std::chrono::steady_clock;

/// Removes the probe, whatever happens.
class Cleanup {
 public:
  Cleanup(Store& store, std::string key) : store_(store), key_(std::move(key)) {}
  ~Cleanup() {
    if (is_done_) return;
    try {
      remove();
    } catch (...) {  // what went wrong before is what is told
    }
  }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  void remove() {
    is_done_ = true;
    store_.remove(std::span(&key_, 1));
  }

 private:
  Store& store_;
  std::string key_;
  bool is_done_ = false;
};

}  // namespace

void probe(Store& store, std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  const auto check = [&](const char* before) {
    if (deadline.count() < 0 || Clock::now() < end) return;
    throw Error::Retryable(std::string("the destination is too slow: no time was left to ") + before);
  };
  const std::string id = random_id();
  const std::string key = ".lshost-probe-" + id;
  Cleanup cleanup(store, key);
  const auto bytes = std::as_bytes(std::span(id));
  MemoryStream stream(bytes);
  Body body(stream, [&] { check("write a probe"); });
  store.put(key, body, bytes.size());
  check("read the probe back");
  const std::string back = store.get(key, 0, UINT64_MAX)->ReadAll();
  if (back != id) throw Error::Corrupt("the destination gave back other bytes than were written to it");
  cleanup.remove();
  check("remove the probe");
}

}  // namespace lshost::engine
