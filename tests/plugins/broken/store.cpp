// The store in a folder, with the key "fault", which breaks one promise of it.

#include "../folder_store.hpp"

#include <fstream>

namespace {

using lshost::Blob;
using lshost::Source;
namespace fs = std::filesystem;

class Broken : public lshost::test::folder::Folder {
 public:
  explicit Broken(lshost::Context context)
      : Folder(context), root_(ctx.String("path")), fault_(ctx.String("fault", "none")) {}

  static std::span<const lshost::ConfigKey> Keys() {
    static constexpr lshost::ConfigKey kKeys[] = {
        {.key = "path", .required = true, .help = "the folder", .url = lshost::UrlPart::Path},
        {.key = "fault", .help = "what is to be wrong"}};
    return kKeys;
  }

  void Put(const std::string& key, Source& body, std::uint64_t size) override {
    if (fault_ == "put-writes-in-place") return put_in_place(key, body);
    Folder::Put(key, body, size);
  }

  void PutNew(const std::string& key, Source& body, std::uint64_t size) override {
    if (fault_ == "put-new-replaces") return Folder::Put(key, body, size);
    Folder::PutNew(key, body, size);
  }

  std::unique_ptr<Source> Get(const std::string& key, std::uint64_t offset, std::uint64_t length) override {
    const bool is_range = offset != 0 && length != UINT64_MAX;
    return Folder::Get(key, offset, fault_ == "range-one-too-long" && is_range ? length + 1 : length);
  }

  void List(const std::string& prefix, const std::function<void(const Blob&)>& each) override {
    constexpr unsigned kPage = 1000;
    unsigned count = 0;
    Folder::List(prefix, [&](const Blob& blob) {
      if (++count <= kPage || fault_ != "lists-one-page") each(blob);
    });
  }

 private:
  void put_in_place(const std::string& key, Source& body) {
    fs::create_directories((root_ / key).parent_path());
    std::ofstream out(root_ / key, std::ios::binary | std::ios::trunc);
    std::byte block[4096];
    while (const std::size_t count = body.Read(block)) {
      out.write(reinterpret_cast<const char*>(block), static_cast<std::streamsize>(count));
      out.flush();
    }
  }

  const fs::path root_;
  const std::string fault_;
};

}  // namespace

LSHOST_PLUGIN(Broken, "broken-store", "1.0.0");
