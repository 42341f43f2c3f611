// lshost/blob_replicator.hpp - write put, get, list and remove; the host's engine makes a replicator of them.
// SPDX-License-Identifier: MIT
//
// The engine has the loop, resume, back-off, snapshots, retention, restore, health, compression and encryption, so a
// fix in them reaches your plugin without a rebuild. The store is the only truth: nothing is kept in memory that it
// does not have.
#pragma once

#include <lshost/ext/store.h>
#include <lshost/replicator.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lshost::inline v1 {

/// As a size: not known before the stream ends.
inline constexpr std::uint64_t kSizeUnknown = LSHOST_SIZE_UNKNOWN;

/// An object in a store.
struct Blob {
  std::string key;  ///< in full
  std::uint64_t size = 0;
  std::int64_t created_ns = 0;  ///< 0: not known
};

/// A destination that holds named objects. Keys have [A-Za-z0-9._-/] and at most 255 bytes.
///
/// Threads: one call at a time, unless Parallel() says that several at once are welcome.
/// Errors:  functions may block, and throw Error; retryable ones are tried again with back-off.
class BlobReplicator {
 public:
  explicit BlobReplicator(Context context) noexcept : ctx(context) {}
  BlobReplicator(const BlobReplicator&) = delete;
  BlobReplicator& operator=(const BlobReplicator&) = delete;
  virtual ~BlobReplicator() = default;

  /// Stores the `size` bytes of `body`, or all there are if it is kSizeUnknown (a snapshot, compressed on its way,
  /// maybe hundreds of gigabytes): whole or not at all, replacing what is there, durable and listable on return. What
  /// `body` throws, let pass: then nothing is stored. The same key with the same bytes succeeds again: calls are
  /// repeated.
  virtual void Put(const std::string& key, Source& body, std::uint64_t size) = 0;
  /// The same, for an object that is thought to be new: throws Error(LSHOST_E_EXISTS), and changes nothing, where there
  /// is one of this key; of two callers at once, for one of them. So a second host that stores into the same place is
  /// found out. Called only if PutsNew().
  virtual void PutNew(const std::string& key, Source& body, std::uint64_t size) { Put(key, body, size); }
  /// Whether PutNew() tells old from new; otherwise Put() is called in its place.
  [[nodiscard]] virtual bool PutsNew() const { return false; }
  /// The bytes [offset, offset + length) of an object; length UINT64_MAX: to its end. Throws Error(LSHOST_E_NOT_FOUND).
  [[nodiscard]] virtual std::unique_ptr<Source> Get(const std::string& key, std::uint64_t offset,
                                                    std::uint64_t length) = 0;
  /// Calls `each` for all keys that begin with `prefix`, in any order. What `each` throws is not a std::exception: let
  /// it pass.
  virtual void List(const std::string& prefix, const std::function<void(const Blob&)>& each) = 0;
  /// A missing key is no error.
  virtual void Remove(std::span<const std::string> keys) = 0;

  [[nodiscard]] virtual bool Parallel() const { return false; }

 protected:
  const Context ctx;
};

namespace detail {

/// Reads a stream that somebody else closes.
class BorrowedReader final : public Source {
 public:
  explicit BorrowedReader(lshost_reader* reader) noexcept : reader_(reader) {}
  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override { return ReadFrom(reader_, into); }
  [[nodiscard]] std::optional<FileRange> File() override { return FileOf(reader_); }

 private:
  lshost_reader* reader_;
};

/// A store of C++ as the host holds it. `impl` points at itself.
struct StoreInstance : lshost_store {
  std::unique_ptr<BlobReplicator> blobs;
};

inline BlobReplicator& BlobsOf(lshost_store* self) noexcept { return *static_cast<StoreInstance*>(self->impl)->blobs; }

inline std::int32_t StorePut(lshost_store* self, const char* key, lshost_reader* body, std::uint64_t size,
                             lshost_error* err) noexcept {
  return Guard(err, [&] {
    BorrowedReader source(body);
    BlobsOf(self).Put(key, source, size);
  });
}

inline std::int32_t StorePutNew(lshost_store* self, const char* key, lshost_reader* body, std::uint64_t size,
                                lshost_error* err) noexcept {
  return Guard(err, [&] {
    BorrowedReader source(body);
    BlobsOf(self).PutNew(key, source, size);
  });
}

inline std::int32_t StoreGet(lshost_store* self, const char* key, std::uint64_t offset, std::uint64_t length,
                             lshost_reader** out, lshost_error* err) noexcept {
  *out = nullptr;
  return Guard(err, [&] { *out = Export(BlobsOf(self).Get(key, offset, length)); });
}

inline std::int32_t StoreList(lshost_store* self, const char* prefix, lshost_blob_sink* sink,
                              lshost_error* err) noexcept {
  SinkCaller<lshost_blob_sink> give(sink);
  const std::int32_t result = Guard(err, [&] {
    BlobsOf(self).List(prefix, [&](const Blob& blob) {
      const lshost_blob c = {sizeof(lshost_blob), 0, blob.key.c_str(), blob.size, blob.created_ns};
      give([&](lshost_blob_sink* to) { return to->item(to, &c); });
    });
  });
  return result == LSHOST_OK ? give.Result() : result;
}

inline std::int32_t StoreRemove(lshost_store* self, const char* const* keys, std::size_t count,
                                lshost_error* err) noexcept {
  return Guard(err, [&] {
    const std::vector<std::string> all(keys, keys + count);
    BlobsOf(self).Remove(all);
  });
}

inline void StoreDestroy(lshost_store* self) noexcept { delete static_cast<StoreInstance*>(self->impl); }

inline lshost_store* ExportStore(std::unique_ptr<BlobReplicator> blobs) {
  auto store = std::make_unique<StoreInstance>();
  store->struct_size = sizeof(lshost_store);
  store->flags = FlagIf(blobs->Parallel(), LSHOST_STORE_PARALLEL);
  store->impl = store.get();
  store->put = StorePut;
  store->put_new = blobs->PutsNew() ? StorePutNew : nullptr;
  store->get = StoreGet;
  store->list = StoreList;
  store->remove = StoreRemove;
  store->destroy = StoreDestroy;
  store->blobs = std::move(blobs);
  return store.release();
}

template <std::derived_from<BlobReplicator> T>
struct Maker<T> {
  static constexpr std::uint32_t kTypeFlags = LSHOST_TYPE_STORE;
  static lshost_replicator* Make(const char* type, Context context) {
    const auto* engine = context.HostExtension<lshost_engine>(LSHOST_HOST_ENGINE);
    if (engine == nullptr || !LSHOST_HAS(engine, create)) {
      throw Error(LSHOST_E_UNSUPPORTED,
                  "this host has no engine for stores (" LSHOST_HOST_ENGINE
                  "); a newer lshost is needed for this plugin",
                  LSHOST_ERR_OPERATOR);
    }
    auto blobs = std::make_unique<T>(context);
    lshost_replicator* replicator = nullptr;
    ErrorOut err;
    // The engine takes the store over, also where it fails. It asks for its own keys before it checks for others.
    Check(engine->create(context.CContext(), type, ExportStore(std::move(blobs)), &replicator, &err), err);
    return replicator;
  }
};

}  // namespace detail
}  // namespace lshost::inline v1
