// A store for lshost/blob_replicator.hpp, in memory. A host without an engine can not use it, and has to say so.

#include <algorithm>
#include <lshost/blob_replicator.hpp>
#include <map>

namespace {

class Blobs : public lshost::BlobReplicator {
 public:
  using BlobReplicator::BlobReplicator;

  void Put(const std::string& key, lshost::Source& body, std::uint64_t /*size*/) override {
    all_[key] = body.ReadAll();
  }

  std::unique_ptr<lshost::Source> Get(const std::string& key, std::uint64_t offset, std::uint64_t length) override {
    const auto found = all_.find(key);
    if (found == all_.end() || offset > found->second.size()) throw lshost::Error(LSHOST_E_NOT_FOUND, "no " + key);
    return std::make_unique<Text>(found->second.substr(offset, length));
  }

  void List(const std::string& prefix, const std::function<void(const lshost::Blob&)>& each) override {
    for (const auto& [key, body] : all_) {
      if (key.starts_with(prefix)) each({key, body.size(), 0});
    }
  }

  void Remove(std::span<const std::string> keys) override {
    for (const auto& key : keys) all_.erase(key);
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
    std::string text_;
    std::size_t at_ = 0;
  };

  std::map<std::string, std::string> all_;
};

}  // namespace

LSHOST_PLUGIN(Blobs, "blobs", "1.0.0");
