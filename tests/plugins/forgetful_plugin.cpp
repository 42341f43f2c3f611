// A store that lies when it is told to: it returns success, and keeps nothing, or other bytes.
//
// What it does stands in the file PATH.lie: a mode, and the part of a key that it is about, "drop-one /wal/". A mode
// that ends in "-one" is over, and the file gone, after one object.

#include <fstream>

#include "folder_store.hpp"

namespace {

using namespace lshost;
using lshost::test::folder::Folder;
namespace fs = std::filesystem;

/// A body with one bit of its middle turned.
class FlippedSource final : public Source {
 public:
  FlippedSource(Source& body, std::uint64_t at) : body_(body), at_(at) {}
  std::size_t Read(std::span<std::byte> into) override {
    const std::size_t count = body_.Read(into);
    if (done_ <= at_ && at_ < done_ + count) into[static_cast<std::size_t>(at_ - done_)] ^= std::byte{1};
    done_ += count;
    return count;
  }

 private:
  Source& body_;
  std::uint64_t at_;
  std::uint64_t done_ = 0;
};

class Forgetful final : public Folder {
 public:
  explicit Forgetful(Context context) : Folder(context), orders_(std::string(ctx.String("path")) + ".lie") {}

  void Put(const std::string& key, Source& body, std::uint64_t size) override {
    store(key, body, size, [&](Source& what) { Folder::Put(key, what, size); });
  }
  void PutNew(const std::string& key, Source& body, std::uint64_t size) override {
    store(key, body, size, [&](Source& what) { Folder::PutNew(key, what, size); });
  }

 private:
  template <class Store>
  void store(const std::string& key, Source& body, std::uint64_t size, Store really) {
    std::string mode;
    std::string part;
    std::ifstream(orders_) >> mode >> part;
    if (mode.empty() || key.find(part) == std::string::npos) return really(body);
    if (mode.ends_with("-one")) fs::remove(orders_);
    if (mode.starts_with("flip")) {
      FlippedSource flipped(body, size == kSizeUnknown ? 100 : size / 2);
      return really(flipped);
    }
    std::vector<std::byte> buffer(std::size_t{64} << 10);
    while (body.Read(buffer) != 0) {  // as if it were stored
    }
  }

  const std::string orders_;
};

}  // namespace

LSHOST_PLUGIN(Forgetful, "forgetful", "1.0.0");
