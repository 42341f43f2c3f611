#include "engine/object_reader.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <utility>

#include "engine/errors.hpp"
#include "engine/format/age/file_end.hpp"
#include "engine/format/info_frame.hpp"

namespace lshost::engine {
namespace {

constexpr unsigned kReadsAtOnce = 16;
constexpr std::size_t kRememberedMax = 8192;
/// A request for all of so little takes no longer than one for its end.
constexpr std::uint64_t kFetchedWholeMax = std::uint64_t{64} << 10;

Error damaged(const NamedObject& object, const std::string& why) { return Error::Corrupt(object.key + ": " + why); }

/// Bytes that are not what they must be are a fact; that the store does not answer is an error.
template <class Fn>
Facts facts_or_damage(Fn&& fn) {
  try {
    return std::forward<Fn>(fn)();
  } catch (const Error& e) {
    if (e.Code() != LSHOST_E_CORRUPT && e.Code() != LSHOST_E_UNSUPPORTED) throw;
    Facts facts;
    facts.damage = e.what();
    return facts;
  }
}

Facts facts_of(const NamedObject& object, ObjectInfo info) {
  const std::string contradiction = contradiction_between(info, object.name);
  if (!contradiction.empty()) throw damaged(object, contradiction);
  Facts facts;
  facts.raw_size = info.raw_size;
  facts.info = std::move(info);
  return facts;
}

/// The stream of an opened object with its key in front of what is wrong.
class NamedSource final : public Source {
 public:
  NamedSource(std::unique_ptr<OpenedObject> stream, NamedObject object)
      : stream_(std::move(stream)), object_(std::move(object)) {}

  std::size_t Read(std::span<std::byte> into) override {
    try {
      const std::size_t count = with_host_errors([&] { return stream_->read(into); });
      if (count == 0 && !into.empty()) check_info();
      return count;
    } catch (const Error& e) {
      throw Error(e.Code(), object_.key + ": " + e.what(), e.Flags(), e.RetryAfter());
    }
  }

 private:
  void check_info() const {
    if (!stream_->info()) return;
    const std::string contradiction = contradiction_between(*stream_->info(), object_.name);
    if (!contradiction.empty()) throw Error::Corrupt(contradiction);
  }

  std::unique_ptr<OpenedObject> stream_;
  NamedObject object_;
};

}  // namespace

ObjectReader::ObjectReader(Store& store, const Settings& settings, Reading reading, std::function<void()> check)
    : store_(store), settings_(settings), reading_(reading), check_(std::move(check)) {}

// ---- looking ----

Facts ObjectReader::look_at(const NamedObject& object) {
  if (auto known = remembered(object)) return *std::move(known);
  const auto range = [&](std::uint64_t offset, std::uint64_t length) { return read_range(object, offset, length); };
  return remember(object, facts_or_damage([&] { return look_at_end(object, range); }));
}

Facts ObjectReader::look_at_end(const NamedObject& object, const Range& range) const {
  std::optional<age::FileEnd> file;
  if (settings_.identities) file = find_end(object, range);
  for (std::uint64_t length = kInfoTailSize;;) {
    const std::uint64_t begin = file ? file->offset_of_last(length) : object.size - std::min(length, object.size);
    Buffer end = range(begin, object.size - begin);
    const TailInfo tail = with_host_errors([&] {
      if (file) end = file->open(end);
      return info_from_tail(end);
    });
    if (tail.info) return facts_of(object, *tail.info);
    if (tail.is_enough()) {
      if (object.name.compression != Compression::lz4) throw damaged(object, "it is cut, or lshost did not write it");
      return {};
    }
    if (tail.frame_size <= length || end.size() < length) throw damaged(object, "its end is damaged");
    length = tail.frame_size;
  }
}

/// The way to the last bytes of an encrypted object.
age::FileEnd ObjectReader::find_end(const NamedObject& object, const Range& range) const {
  for (const std::size_t length : {age::kFileStartSize, age::kFileStartSizeMax}) {
    const Buffer start = range(0, std::min<std::uint64_t>(length, object.size));
    auto file = with_host_errors([&] { return age::FileEnd::from_start(start, object.size, *settings_.identities); });
    if (file) return *std::move(file);
  }
  throw damaged(object, "its header is too long");
}

Buffer ObjectReader::read_range(const NamedObject& object, std::uint64_t offset, std::uint64_t length) {
  check_();
  Buffer bytes = read_all(*store_.get(object.key, offset, length), length);
  if (bytes.size() != length) throw damaged(object, "it ends before the size that was listed");
  return bytes;
}

std::vector<Facts> ObjectReader::look_at_all(std::span<const NamedObject* const> objects) {
  std::vector<Facts> all(objects.size());
  for_each_at_once(objects.size(), store_.is_parallel() ? kReadsAtOnce : 1,
                   [&](std::size_t i) { all[i] = look_at(*objects[i]); });
  return all;
}

std::vector<Facts> ObjectReader::look_into_all(std::span<const NamedObject* const> objects) {
  std::vector<Facts> all(objects.size());
  for_each_at_once(objects.size(), store_.is_parallel() ? kReadsAtOnce : 1,
                   [&](std::size_t i) { all[i] = look_into(*objects[i]); });
  return all;
}

Facts ObjectReader::look_into(const NamedObject& object) {
  auto known = remembered(object);
  if (!known && reading_ == Reading::restored && object.size <= kFetchedWholeMax) {
    return remember(object, facts_or_damage([&] { return look_into_whole(object); }));
  }
  if (!known) known = look_at(object);
  if (known->info || !known->damage.empty() || known->raw_size != 0) return *std::move(known);
  return read_through(object);
}

Facts ObjectReader::look_into_whole(const NamedObject& object) {
  const Buffer whole = read_range(object, 0, object.size);
  kept_.keep(object, whole);
  Facts facts = look_at_end(object, [&](std::uint64_t offset, std::uint64_t length) {
    const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(offset);
    return Buffer(begin, begin + static_cast<std::ptrdiff_t>(length));
  });
  if (facts.info) return facts;
  return read_all_of(object, std::make_unique<StreamSource>(std::make_unique<MemoryStream>(whole)));
}

Facts ObjectReader::read_through(const NamedObject& object) {
  const auto known = remembered(object);
  if (known && (known->raw_size != 0 || !known->damage.empty())) return *known;
  return remember(object, facts_or_damage([&] {
                    check_();
                    return read_all_of(object, store_.get(object.key, 0, UINT64_MAX));
                  }));
}

Facts ObjectReader::read_all_of(const NamedObject& object, std::unique_ptr<Source> stored) const {
  const auto stream = open_stored(object, std::move(stored));
  std::uint64_t raw_size = 0;
  Buffer buffer(std::size_t{128} << 10);
  while (const std::size_t count = with_host_errors([&] { return stream->read(buffer); })) {
    raw_size += count;
    check_();
  }
  if (stream->info()) return facts_of(object, *stream->info());
  Facts facts;
  facts.raw_size = raw_size;
  return facts;
}

// ---- reading ----

std::unique_ptr<OpenedObject> ObjectReader::open_stored(const NamedObject& object,
                                                        std::unique_ptr<Source> stored) const {
  auto bytes = std::make_unique<SourceStream>(std::move(stored));
  const OpenOptions options{object.name.compression, settings_.identities};
  return with_host_errors([&] { return open_object(std::move(bytes), options); });
}

std::unique_ptr<Source> ObjectReader::open(const NamedObject& object) {
  check_();
  auto stored = kept_.open(object);
  if (!stored) stored = store_.get(object.key, 0, UINT64_MAX);
  return std::make_unique<NamedSource>(open_stored(object, std::move(stored)), object);
}

// ---- remembering ----

std::optional<Facts> ObjectReader::remembered(const NamedObject& object) const {
  const std::lock_guard hold(mutex_);
  const auto found = known_.find(object.key);
  if (found == known_.end()) return std::nullopt;
  const Remembered& entry = found->second;
  if (entry.size != object.size || entry.created_ns != object.created_ns) return std::nullopt;
  return entry.facts;
}

Facts ObjectReader::remember(const NamedObject& object, Facts facts) {
  const std::lock_guard hold(mutex_);
  if (known_.size() >= kRememberedMax) known_.clear();
  known_[object.key] = {object.size, object.created_ns, facts};
  return facts;
}

void ObjectReader::forget(const std::string& key) {
  const std::lock_guard hold(mutex_);
  known_.erase(key);
}

void for_each_at_once(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      next = count;
      const std::lock_guard hold(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min<std::size_t>(threads, count); ++i) helpers.emplace_back(run);
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lshost::engine
