#pragma once
// A store in a folder: one file an object, under the object's key. What Litestream calls a file replica has the same
// layout, so each reads what the other wrote.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <lshost/blob_replicator.hpp>
#include <memory>
#include <string>
#include <vector>

namespace lshost::test::folder {

namespace fs = std::filesystem;

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)), path_(path) {
    if (fd_ < 0) throw Error::Errno("open " + path);
  }
  ~Descriptor() { (void)::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void sync() const {
    if (::fsync(fd_) != 0) throw Error::Errno("sync " + path_);
  }

 private:
  int fd_;
  std::string path_;
};

class FileSource final : public Source {
 public:
  FileSource(const std::string& path, std::uint64_t offset, std::uint64_t length)
      : file_(path, O_RDONLY), offset_(offset), left_(length) {}
  std::size_t Read(std::span<std::byte> into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    const ssize_t count = ::pread(file_.get(), into.data(), want, static_cast<off_t>(offset_));
    if (count < 0) throw Error::Errno("read");
    offset_ += static_cast<std::uint64_t>(count);
    left_ -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

 private:
  Descriptor file_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

class Folder : public BlobReplicator {
 public:
  explicit Folder(Context context) : BlobReplicator(context), root_(ctx.String("path")) {}

  static std::span<const ConfigKey> Keys() {
    static constexpr ConfigKey kKeys[] = {{.key = "path", .required = true, .help = "the folder"}};
    return kKeys;
  }

  void Put(const std::string& key, Source& body, std::uint64_t size) override {
    put(key, body, size, [](const fs::path& from, const fs::path& to) { fs::rename(from, to); });
  }

  void PutNew(const std::string& key, Source& body, std::uint64_t size) override {
    put(key, body, size, [&](const fs::path& from, const fs::path& to) {
      std::error_code failure;
      fs::create_hard_link(from, to, failure);
      if (failure == std::errc::file_exists) throw Error(LSHOST_E_EXISTS, "there is an object " + key + " already");
      if (failure) throw Error(LSHOST_E_IO, "link " + to.string() + ": " + failure.message());
      fs::remove(from);
    });
  }
  [[nodiscard]] bool PutsNew() const override { return true; }

  std::unique_ptr<Source> Get(const std::string& key, std::uint64_t offset, std::uint64_t length) override {
    const fs::path path = root_ / key;
    if (!fs::is_regular_file(path)) throw Error(LSHOST_E_NOT_FOUND, "there is no object " + key);
    return std::make_unique<FileSource>(path.string(), offset, length);
  }

  void List(const std::string& prefix, const std::function<void(const Blob&)>& each) override {
    std::error_code gone;  // files come and go meanwhile
    for (fs::recursive_directory_iterator it(root_, gone), end; it != end; it.increment(gone)) {
      struct stat info{};
      const std::string key = it->path().lexically_relative(root_).string();
      if (!key.starts_with(prefix) || key.starts_with(".put-") || ::stat(it->path().c_str(), &info) != 0) continue;
      if (!S_ISREG(info.st_mode)) continue;
      each({key, static_cast<std::uint64_t>(info.st_size),
            std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec});
    }
  }

  void Remove(std::span<const std::string> keys) override {
    for (const auto& key : keys) fs::remove(root_ / key);
  }

  [[nodiscard]] bool Parallel() const override { return true; }

 private:
  template <class Publish>
  void put(const std::string& key, Source& body, std::uint64_t size, Publish publish) {
    static std::atomic<unsigned> number{0};
    const fs::path path = root_ / key;
    const fs::path temporary = root_ / (".put-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    fs::create_directories(path.parent_path());
    try {
      write(temporary, body, size);
      publish(temporary, path);
    } catch (...) {
      std::error_code ignored;
      fs::remove(temporary, ignored);
      throw;
    }
    Descriptor(path.parent_path().string(), O_RDONLY | O_DIRECTORY).sync();
  }

  static void write(const fs::path& path, Source& body, std::uint64_t size) {
    const Descriptor file(path.string(), O_WRONLY | O_CREAT | O_TRUNC);
    std::vector<std::byte> buffer(std::size_t{128} << 10);
    std::uint64_t done = 0;
    while (const std::size_t count = body.Read(buffer)) {
      if (::write(file.get(), buffer.data(), count) != static_cast<ssize_t>(count)) throw Error::Errno("write");
      done += count;
    }
    if (size != kSizeUnknown && size != done) throw Error(LSHOST_E_INVALID, "the body is cut");
    file.sync();
  }

  const fs::path root_;
};

}  // namespace lshost::test::folder
