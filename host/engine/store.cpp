#include "engine/store.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lshost::engine {
namespace {

constexpr std::size_t kRemoveAtOnce = 1000;  // what the smallest multi-delete of a store takes

/// The other side of a body: borrowed, so closing it does nothing.
struct BodyReader : lshost_reader {
  explicit BodyReader(Source& from) noexcept : lshost_reader{}, source(from) {
    struct_size = sizeof(lshost_reader);
    impl = this;
    lshost_reader::read = [](lshost_reader* self, void* buf, std::size_t cap, std::size_t* n,
                             lshost_error* err) noexcept -> std::int32_t {
      *n = 0;
      return detail::Guard(
          err, [&] { *n = static_cast<BodyReader*>(self->impl)->source.Read({static_cast<std::byte*>(buf), cap}); });
    };
    lshost_reader::close = [](lshost_reader*) noexcept {};
  }
  Source& source;
};

/// A stream of a store that wants one call at a time.
class TurnSource final : public Source {
 public:
  TurnSource(HostReader reader, std::mutex& turn) : reader_(std::move(reader)), turn_(turn) {}
  ~TurnSource() override {
    const std::lock_guard hold(turn_);
    reader_.Close();
  }
  TurnSource(const TurnSource&) = delete;
  TurnSource& operator=(const TurnSource&) = delete;
  std::size_t Read(std::span<std::byte> into) override {
    const std::lock_guard hold(turn_);
    return reader_.Read(into);
  }

 private:
  HostReader reader_;
  std::mutex& turn_;
};

constexpr std::size_t kKeySizeMax = 255;  // by the ABI

struct Collector {
  std::size_t max;
  std::vector<StoredObject> found = {};
  bool is_full = false;

  static std::int32_t take(lshost_blob_sink* self, const lshost_blob* blob) noexcept {
    return detail::Guard(nullptr, [&] {
      auto& into = *static_cast<Collector*>(self->impl);
      if (blob == nullptr || blob->key == nullptr || ::strnlen(blob->key, kKeySizeMax + 1) > kKeySizeMax) return;
      into.is_full = into.is_full || into.found.size() >= into.max;
      if (into.is_full) throw Error(LSHOST_E_INVALID, "that is enough", 0);
      const std::int64_t created_ns = LSHOST_HAS(blob, created_ns) ? blob->created_ns : 0;
      into.found.push_back({blob->key, blob->size, created_ns});
    });
  }
};

}  // namespace

Store::Store(lshost_store* store, std::size_t listed_max) : store_(store), listed_max_(listed_max) {
  if (store == nullptr) throw Error(LSHOST_E_INVALID, "the plugin gave no store");
  const bool is_whole = LSHOST_HAS(store, put) && LSHOST_HAS(store, get) && LSHOST_HAS(store, list) &&
                        LSHOST_HAS(store, remove) && LSHOST_HAS(store, destroy);
  if (!is_whole) {
    if (LSHOST_HAS(store, destroy)) store->destroy(store);
    throw Error(LSHOST_E_INVALID,
                "the plugin's store lacks a function; put, get, list, remove and destroy must be there");
  }
  can_put_new_ = LSHOST_HAS(store, put_new);
  is_parallel_ = (store->flags & LSHOST_STORE_PARALLEL) != 0;
}

Store::~Store() { store_->destroy(store_); }

std::unique_lock<std::mutex> Store::turn() {
  return is_parallel_ ? std::unique_lock<std::mutex>() : std::unique_lock(one_at_a_time_);
}

void Store::put(const std::string& key, Source& body, std::uint64_t size) {
  BodyReader reader(body);
  detail::ErrorOut err;
  const auto hold = turn();
  detail::Check(store_->put(store_, key.c_str(), &reader, size, &err), err);
}

void Store::put_new(const std::string& key, Source& body, std::uint64_t size) {
  if (!can_put_new_) return put(key, body, size);
  BodyReader reader(body);
  detail::ErrorOut err;
  const auto hold = turn();
  detail::Check(store_->put_new(store_, key.c_str(), &reader, size, &err), err);
}

std::unique_ptr<Source> Store::get(const std::string& key, std::uint64_t offset, std::uint64_t length) {
  lshost_reader* found = nullptr;
  detail::ErrorOut err;
  const auto hold = turn();
  detail::Check(store_->get(store_, key.c_str(), offset, length, &found, &err), err);
  if (found == nullptr) throw Error(LSHOST_E_INTERNAL, "the store opened nothing for " + key);
  if (is_parallel_) return std::make_unique<HostReader>(found);
  return std::make_unique<TurnSource>(HostReader(found), one_at_a_time_);
}

std::vector<StoredObject> Store::list(const std::string& prefix) {
  Collector collector{listed_max_};
  lshost_blob_sink sink = {sizeof(lshost_blob_sink), 0, &collector, Collector::take};
  detail::ErrorOut err;
  const auto hold = turn();
  const auto result = store_->list(store_, prefix.c_str(), &sink, &err);
  if (collector.is_full) {
    throw Error(LSHOST_E_INVALID,
                "the store lists more than " + std::to_string(listed_max_) + " objects below " + prefix +
                    ", which no replica has; look what lies there",
                LSHOST_ERR_OPERATOR);
  }
  detail::Check(result, err);
  return std::move(collector.found);
}

void Store::remove(std::span<const std::string> keys) {
  while (!keys.empty()) {
    const auto some = keys.first(std::min(keys.size(), kRemoveAtOnce));
    std::vector<const char*> pointers;
    pointers.reserve(some.size());
    for (const auto& key : some) pointers.push_back(key.c_str());
    detail::ErrorOut err;
    const auto hold = turn();
    detail::Check(store_->remove(store_, pointers.data(), pointers.size(), &err), err);
    keys = keys.subspan(some.size());
  }
}

}  // namespace lshost::engine
