#include "support/memory_store.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/clock.hpp"

namespace lshost::test {
namespace {

class TextSource final : public Source {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::size_t Read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    if (count > 0) std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::map<std::string, Bucket::Object> Bucket::objects() const {
  const std::lock_guard hold(mutex_);
  return objects_;
}

std::vector<std::string> Bucket::keys() const {
  const std::lock_guard hold(mutex_);
  std::vector<std::string> all;
  for (const auto& [key, object] : objects_) all.push_back(key);
  return all;
}

void Bucket::set(const std::string& key, std::string bytes) {
  const std::lock_guard hold(mutex_);
  objects_[key] = {std::move(bytes), system_clock().unix_now()};
}

bool Bucket::add(const std::string& key, std::string bytes) {
  const std::lock_guard hold(mutex_);
  return objects_.try_emplace(key, Object{std::move(bytes), system_clock().unix_now()}).second;
}

void Bucket::erase(const std::string& key) {
  const std::lock_guard hold(mutex_);
  objects_.erase(key);
}

std::vector<Bucket::Call> Bucket::calls() const {
  const std::lock_guard hold(mutex_);
  return calls_;
}

void Bucket::forget_calls() {
  const std::lock_guard hold(mutex_);
  calls_.clear();
}

std::size_t Bucket::count(Call::Kind kind) const {
  const std::lock_guard hold(mutex_);
  return static_cast<std::size_t>(std::ranges::count(calls_, kind, &Call::kind));
}

Bucket::Fate Bucket::begin(Call call) {
  {
    const std::lock_guard hold(mutex_);
    calls_.push_back(call);
  }
  Fate chosen = is_dead_ ? Fate::fail : fate.call_or(Fate::ok, call);
  if (chosen == Fate::die) is_dead_ = true;
  if (is_dead_) chosen = Fate::fail;
  if (chosen == Fate::fail) throw failure;
  return chosen;
}

void MemoryStore::Put(const std::string& key, Source& body, std::uint64_t size) { put(key, body, size, false); }

void MemoryStore::PutNew(const std::string& key, Source& body, std::uint64_t size) { put(key, body, size, true); }

void MemoryStore::put(const std::string& key, Source& body, std::uint64_t size, bool is_to_be_new) {
  const auto fate = bucket_->begin({Bucket::Call::put, key});
  std::string bytes;
  std::vector<std::byte> buffer(std::size_t{64} << 10);
  while (bytes.size() < size) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - bytes.size()));
    const std::size_t count = body.Read(std::span(buffer).first(want));
    if (count == 0) break;
    bytes.append(reinterpret_cast<const char*>(buffer.data()), count);
    bucket_->on_body.call(key, bytes.size());
  }
  if (size != kSizeUnknown && bytes.size() != size) throw Error(LSHOST_E_INVALID, "the body is cut");
  if (bucket_->is_dead_) throw bucket_->failure;
  const bool is_half = fate == Bucket::Fate::tear || fate == Bucket::Fate::lie;
  if (is_half) bytes.resize(bytes.size() / 2);
  if (!is_to_be_new) {
    bucket_->set(key, std::move(bytes));
  } else if (!bucket_->add(key, std::move(bytes))) {
    if (fate == Bucket::Fate::fail_after) throw bucket_->failure;
    throw Error(LSHOST_E_EXISTS, "there is an object " + key + " already");
  }
  if (fate == Bucket::Fate::fail_after || fate == Bucket::Fate::tear) throw bucket_->failure;
}

std::unique_ptr<Source> MemoryStore::Get(const std::string& key, std::uint64_t offset, std::uint64_t length) {
  const auto fate = bucket_->begin({Bucket::Call::get, key});
  if (fate == Bucket::Fate::fail_after) throw bucket_->failure;
  const std::lock_guard hold(bucket_->mutex_);
  const auto found = bucket_->objects_.find(key);
  if (found == bucket_->objects_.end()) throw Error(LSHOST_E_NOT_FOUND, "there is no object " + key);
  const std::string& bytes = found->second.bytes;
  return std::make_unique<TextSource>(offset >= bytes.size() ? "" : bytes.substr(offset, length));
}

void MemoryStore::List(const std::string& prefix, const std::function<void(const Blob&)>& each) {
  const auto fate = bucket_->begin({Bucket::Call::list, prefix});
  for (const auto& [key, object] : bucket_->objects()) {
    if (key.starts_with(prefix)) each({key, object.bytes.size(), object.created_ns});
  }
  if (fate == Bucket::Fate::fail_after) throw bucket_->failure;
}

void MemoryStore::Remove(std::span<const std::string> keys) {
  const auto fate = bucket_->begin({Bucket::Call::remove, keys.empty() ? "" : keys.front()});
  for (const auto& key : keys) {
    bucket_->erase(key);
    if (fate == Bucket::Fate::tear) break;
  }
  if (fate == Bucket::Fate::fail_after || fate == Bucket::Fate::tear) throw bucket_->failure;
}

}  // namespace lshost::test
