#pragma once
// A store in memory that does what a test says: errors, delays, torn objects and lies.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <lshost/blob_replicator.hpp>

#include "support/hook.hpp"

namespace lshost::test {

/// What the "server" holds. It outlives the stores that are made on it, as a destination outlives a host.
///
/// Threads: any.
class Bucket {
 public:
  struct Call {
    enum Kind { put /* and put_new */, get, list, remove } kind;
    std::string key;  ///< or the prefix; of remove: the first key
  };
  enum class Fate {
    ok,
    fail,        ///< nothing happens, and it says so
    fail_after,  ///< it is done, and says that it failed
    tear,        ///< put: half of the object is stored, and it says that it failed
    lie,         ///< put: half of the object is stored, and it says that all is well
    die,         ///< nothing happens from now on: the process is gone
  };

  /// Asked before each call, from its thread; may wait. What a fate says besides: `failure`.
  Hook<Fate(const Call&)> fate;
  /// Given before the first call.
  v1::Error failure{LSHOST_E_UNAVAILABLE, "the test's store does not answer", LSHOST_ERR_RETRYABLE};
  /// Called with the bytes of a body that were taken so far.
  Hook<void(const std::string& key, std::uint64_t taken)> on_body;

  struct Object {
    std::string bytes;
    std::int64_t created_ns = 0;
  };
  [[nodiscard]] std::map<std::string, Object> objects() const;
  [[nodiscard]] std::vector<std::string> keys() const;
  void set(const std::string& key, std::string bytes);
  /// False: there is one already.
  [[nodiscard]] bool add(const std::string& key, std::string bytes);
  void erase(const std::string& key);
  /// All calls since the last look, in order.
  [[nodiscard]] std::vector<Call> calls() const;
  void forget_calls();
  [[nodiscard]] std::size_t count(Call::Kind kind) const;
  void revive() { is_dead_ = false; }

 private:
  friend class MemoryStore;
  Fate begin(Call call);

  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::vector<Call> calls_;
  std::atomic<bool> is_dead_{false};
};

class MemoryStore final : public BlobReplicator {
 public:
  MemoryStore(Context context, std::shared_ptr<Bucket> bucket, bool is_parallel = true)
      : BlobReplicator(context), bucket_(std::move(bucket)), is_parallel_(is_parallel) {}

  void Put(const std::string& key, Source& body, std::uint64_t size) override;
  void PutNew(const std::string& key, Source& body, std::uint64_t size) override;
  [[nodiscard]] bool PutsNew() const override { return true; }
  std::unique_ptr<Source> Get(const std::string& key, std::uint64_t offset, std::uint64_t length) override;
  void List(const std::string& prefix, const std::function<void(const Blob&)>& each) override;
  void Remove(std::span<const std::string> keys) override;
  [[nodiscard]] bool Parallel() const override { return is_parallel_; }

 private:
  void put(const std::string& key, Source& body, std::uint64_t size, bool is_to_be_new);

  const std::shared_ptr<Bucket> bucket_;
  const bool is_parallel_;
};

}  // namespace lshost::test
