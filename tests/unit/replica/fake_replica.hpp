#pragma once
// A destination in memory: objects as a replicator lists them, which a test can take away, cut and damage.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "replica/replicator.hpp"
#include "support/app_database.hpp"

namespace lshost::test {

/// One stored object. `bytes` may be changed to something that `item` does not announce: that is damage.
struct StoredObject {
  replica::Item item;
  Bytes bytes;
  std::vector<replica::CommitTime> times;
};

class FakeReplica final : public replica::Replicator {
 public:
  std::vector<StoredObject> objects;
  bool gives_file_ranges = false;       ///< streams are runs of files, as those of the file plugin
  std::function<void(Bytes&)> on_file;  ///< what its files are like by the time that they are read by their descriptors
  std::size_t read_size_max = 100'000;  ///< a stream gives no more at once
  std::vector<replica::Item> removed;
  std::string list_failure;  ///< not empty: list throws it
  std::function<void(const replica::Item&)> on_open;

  [[nodiscard]] std::string name() const override { return "fake"; }
  [[nodiscard]] std::string type() const override { return "fake"; }
  [[nodiscard]] bool snapshotting() const override { return false; }
  void start() override {}
  void stop(std::chrono::milliseconds) override {}
  [[nodiscard]] bool can_restore() const override { return true; }
  [[nodiscard]] bool can_remove() const override { return true; }

  [[nodiscard]] std::vector<replica::Item> list(replica::ItemKind kind, const std::string& generation) override {
    if (!list_failure.empty()) throw Error(ErrorCode::transient, list_failure);
    std::vector<replica::Item> items;
    for (const StoredObject& object : objects) {
      replica::Item item = object.item;
      if (kind == replica::ItemKind::generation) {
        item = {};
        item.position.generation = object.item.position.generation;
        if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
      } else if (item.kind == kind && item.position.generation == generation) {
        items.push_back(item);
      }
    }
    return items;
  }

  [[nodiscard]] std::unique_ptr<ByteStream> open(const replica::Item& item) override {
    if (on_open) on_open(item);
    return std::make_unique<Stream>(find(item).bytes, *this);
  }
  [[nodiscard]] std::vector<replica::CommitTime> commit_times(const replica::Item& item) override {
    return find(item).times;
  }
  void remove(const std::vector<replica::Item>& items) override {
    removed.insert(removed.end(), items.begin(), items.end());
    std::erase_if(objects, [&](const StoredObject& object) {
      return std::find(items.begin(), items.end(), object.item) != items.end();
    });
  }
  void probe(std::chrono::milliseconds) override {}

 private:
  class Stream final : public ByteStream {
   public:
    Stream(const Bytes& bytes, const FakeReplica& replica) : bytes_(bytes), read_size_max_(replica.read_size_max) {
      if (!replica.gives_file_ranges) return;
      file_.reset(::memfd_create("object", MFD_CLOEXEC));
      Bytes content(kBytesBefore + bytes.size());  // what lies before is no business of the stream
      std::copy(bytes.begin(), bytes.end(), content.begin() + kBytesBefore);
      if (replica.on_file) replica.on_file(content);
      if (::write(file_.get(), content.data(), content.size()) != static_cast<::ssize_t>(content.size())) {
        throw Error(ErrorCode::internal, "memfd: short write");
      }
    }
    [[nodiscard]] std::size_t read(MutableByteSpan into) override {
      const std::size_t count = std::min({into.size(), read_size_max_, bytes_.size() - at_});
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
      at_ += count;
      return count;
    }
    [[nodiscard]] std::optional<FileRange> file_range() const override {
      if (!file_) return std::nullopt;
      return FileRange{file_.get(), kBytesBefore + at_, bytes_.size() - at_};
    }

   private:
    static constexpr std::size_t kBytesBefore = 5;
    const Bytes& bytes_;
    std::size_t read_size_max_;
    std::size_t at_ = 0;
    UniqueFd file_;
  };

  [[nodiscard]] const StoredObject& find(const replica::Item& item) const {
    const auto at = std::find_if(objects.begin(), objects.end(), [&](const StoredObject& o) { return o.item == item; });
    if (at == objects.end()) throw Error(ErrorCode::not_found, "no such object");
    return *at;
  }
};

}  // namespace lshost::test
