// The smallest store: objects in memory.

#include <lshost/blob_replicator.hpp>

#include <algorithm>
#include <map>

class Shelf : public lshost::BlobReplicator {
 public:
  using BlobReplicator::BlobReplicator;

  void Put(const std::string& key, lshost::Source& body, std::uint64_t /*size*/) override {
    objects_[key] = body.ReadAll();
  }
  std::unique_ptr<lshost::Source> Get(const std::string& key, std::uint64_t offset, std::uint64_t length) override {
    const auto found = objects_.find(key);
    if (found == objects_.end() || offset > found->second.size()) throw lshost::Error(LSHOST_E_NOT_FOUND, "no " + key);
    return std::make_unique<Text>(found->second.substr(offset, length));
  }
  void List(const std::string& prefix, const std::function<void(const lshost::Blob&)>& each) override {
    for (const auto& [key, body] : objects_) {
      if (key.starts_with(prefix)) each({key, body.size(), 0});
    }
  }
  void Remove(std::span<const std::string> keys) override {
    for (const auto& key : keys) objects_.erase(key);
  }

 private:
  class Text final : public lshost::Source {
   public:
    explicit Text(std::string text) : text_(std::move(text)) {}
    std::size_t Read(std::span<std::byte> into) override {
      const std::size_t count = std::min(into.size(), text_.size() - at_);
      std::memcpy(into.data(), text_.data() + at_, count);
      at_ += count;
      return count;
    }

   private:
    const std::string text_;
    std::size_t at_ = 0;
  };

  std::map<std::string, std::string> objects_;
};

LSHOST_PLUGIN(Shelf, "shelf", "0.1.0");
