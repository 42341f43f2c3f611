#pragma once
// A store of named objects, as the engine calls it: the C table of lshost/ext/store.h behind a small class.

#include <lshost/ext/store.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <lshost/cpp/stream.hpp>

namespace lshost::engine {

/// An object in a listing.
struct StoredObject {
  std::string key;
  std::uint64_t size = 0;
  std::int64_t created_ns = 0;  ///< 0: not known
};

/// However many names a store lists, they must fit into memory: some 150 bytes each.
inline constexpr std::size_t kListedMax = 5'000'000;

/// Ownership: owns the store; streams of get() must be gone before it.
/// Threads:   any. Where the store wants one call at a time, calls and reads of its streams wait for each other.
/// Errors:    what the store says, as lshost::Error with its flags; Cancelled.
class Store {
 public:
  /// Takes the store over. Throws Error if its table lacks a function; then, too, the store is destroyed.
  explicit Store(lshost_store* store, std::size_t listed_max = kListedMax);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] bool is_parallel() const noexcept { return is_parallel_; }

  /// `size` may be LSHOST_SIZE_UNKNOWN. What `body` throws becomes what the store makes of it.
  void put(const std::string& key, Source& body, std::uint64_t size);
  /// The same, and throws Error{LSHOST_E_EXISTS}, with nothing changed, where there is an object of this key. Stores
  /// that can't tell replace it.
  void put_new(const std::string& key, Source& body, std::uint64_t size);
  [[nodiscard]] bool can_put_new() const noexcept { return can_put_new_; }
  /// The bytes [offset, offset + length); length UINT64_MAX: to the end.
  [[nodiscard]] std::unique_ptr<Source> get(const std::string& key, std::uint64_t offset, std::uint64_t length);
  /// Throws Error where there are more than `listed_max`.
  [[nodiscard]] std::vector<StoredObject> list(const std::string& prefix);
  /// Missing ones are no error.
  void remove(std::span<const std::string> keys);

 private:
  /// A lock that is empty for a parallel store.
  [[nodiscard]] std::unique_lock<std::mutex> turn();

  lshost_store* const store_;
  const std::size_t listed_max_;
  bool is_parallel_ = false;
  bool can_put_new_ = false;
  std::mutex one_at_a_time_;
};

}  // namespace lshost::engine
