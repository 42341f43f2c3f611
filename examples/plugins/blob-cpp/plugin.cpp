// The destination "shelf": a folder of objects. Put, Get, List and Remove are all there is to write; the host's engine
// has the loop, resume, snapshots, retention, restore, compression and encryption.

#include <lshost/blob_replicator.hpp>

#include "folder.hpp"

class Plugin final : public lshost::BlobReplicator {
 public:
  explicit Plugin(lshost::Context context) : BlobReplicator(context), folder_(ctx.String("path")) {}
  static const char* Summary() { return "a folder of objects"; }
  static std::span<const lshost::ConfigKey> Keys() {
    static constexpr lshost::ConfigKey kKeys[] = {
        {.key = "path", .required = true, .help = "the folder, absolute", .url = lshost::UrlPart::Path}};
    return kKeys;
  }

  void Put(const std::string& key, lshost::Source& body, std::uint64_t size) override { folder_.Put(key, body, size); }
  std::unique_ptr<lshost::Source> Get(const std::string& key, std::uint64_t offset, std::uint64_t length) override {
    return folder_.Get(key, offset, length);
  }
  void List(const std::string& prefix, const std::function<void(const lshost::Blob&)>& each) override {
    for (const auto& [name, size] : folder_.List(prefix)) each({name, size});
  }
  void Remove(std::span<const std::string> keys) override {
    for (const auto& key : keys) folder_.Remove(key);
  }

 private:
  Folder folder_;
};

LSHOST_PLUGIN(Plugin, "shelf", "1.0.0");
