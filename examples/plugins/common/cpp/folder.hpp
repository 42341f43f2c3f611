#pragma once
// A folder as a destination: files that are there in full or not at all, and durable when Put() returns.
// For a destination of another kind, this is the file to replace.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <lshost/replicator.hpp>
#include <memory>
#include <string>
#include <vector>

/// A file that is open, and closed when this goes.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw lshost::Error::Errno("open " + path.string());
  }
  ~Descriptor() { (void)::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void Write(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0) throw lshost::Error::Errno("write");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  std::size_t ReadAt(std::uint64_t offset, std::span<std::byte> into) const {
    const ssize_t count = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
    if (count < 0) throw lshost::Error::Errno("read");
    return static_cast<std::size_t>(count);
  }
  void Sync() const {
    if (::fsync(fd_) != 0) throw lshost::Error::Errno("sync");
  }

 private:
  int fd_;
};

/// The bytes [offset, offset + length) of a file, or as many of them as it has.
class FileBytes final : public lshost::Source {
 public:
  FileBytes(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t length)
      : file_(path, O_RDONLY), offset_(offset), left_(length) {}
  std::size_t Read(std::span<std::byte> into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    const std::size_t count = file_.ReadAt(offset_, into.first(want));
    offset_ += count;
    left_ -= count;
    return count;
  }

 private:
  Descriptor file_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

/// Threads: Put() one at a time; the rest from any.
class Folder {
 public:
  struct Entry {
    std::string name;  // below the folder, with '/'
    std::uint64_t size;
  };

  explicit Folder(const std::string& path) : root_((std::filesystem::path(path) / "").parent_path()) {
    if (!root_.is_absolute()) throw lshost::Error::Config("path = \"" + path + "\" is not absolute");
  }

  /// Replaces what is there. What `bytes` throws passes through, and nothing is stored.
  void Put(const std::string& name, lshost::Source& bytes, std::uint64_t size) {
    if (!is_clean_) RemoveUnfinished();
    const std::filesystem::path path = root_ / name;
    MakeFolder(path.parent_path());
    const std::filesystem::path unfinished = path.parent_path() / UnfinishedName();
    try {
      Write(unfinished, bytes, size);
      std::filesystem::rename(unfinished, path);
    } catch (...) {
      std::error_code ignored;
      std::filesystem::remove(unfinished, ignored);
      throw;
    }
    for (auto folder = path.parent_path(); folder != root_.parent_path(); folder = folder.parent_path()) {
      Descriptor(folder, O_RDONLY | O_DIRECTORY)
          .Sync();  // a name lasts once its folder is synced, and that one's folder
    }
  }

  [[nodiscard]] std::unique_ptr<lshost::Source> Get(const std::string& name, std::uint64_t offset,
                                                    std::uint64_t length) const {
    if (std::filesystem::is_directory(root_ / name)) throw lshost::Error(LSHOST_E_NOT_FOUND, name + " is a folder");
    return std::make_unique<FileBytes>(root_ / name, offset, length);
  }

  /// All names that begin with `prefix`, sorted.
  [[nodiscard]] std::vector<Entry> List(const std::string& prefix) const {
    std::vector<Entry> found;
    Walk([&](const std::filesystem::directory_entry& file, const std::string& name) {
      std::error_code gone;  // files come and go meanwhile
      const auto size = file.file_size(gone);
      if (!gone && name.starts_with(prefix) && !name.ends_with('~')) found.push_back({name, size});
    });
    std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return found;
  }

  /// One that is not there is no error.
  void Remove(const std::string& name) const {
    const bool is_gone =
        ::unlink((root_ / name).c_str()) == 0 || errno == ENOENT || errno == ENOTDIR || errno == EISDIR;
    if (!is_gone) throw lshost::Error::Errno("remove " + name);
  }
  /// A folder with all that is in it.
  void RemoveFolder(const std::string& name) const { std::filesystem::remove_all(root_ / name); }

 private:
  /// No key ends in ~.
  static std::string UnfinishedName() {
    static std::atomic<unsigned> number{0};
    return "." + std::to_string(::getpid()) + "-" + std::to_string(number++) + "~";
  }

  static void Write(const std::filesystem::path& path, lshost::Source& bytes, std::uint64_t size) {
    const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
    std::vector<std::byte> buffer(std::size_t{128} << 10);
    std::uint64_t done = 0;
    while (const std::size_t count = bytes.Read(buffer)) {
      file.Write(std::span(buffer).first(count));
      done += count;
    }
    if (size != UINT64_MAX && done != size) {
      throw lshost::Error(LSHOST_E_IO, "the bytes for " + path.string() + " are cut", LSHOST_ERR_RETRYABLE);
    }
    file.Sync();
  }

  /// Makes a folder that lasts, and those that it lies in.
  static void MakeFolder(const std::filesystem::path& folder) {
    if (std::filesystem::is_directory(folder)) return;
    MakeFolder(folder.parent_path());
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) throw lshost::Error::Errno("create " + folder.string());
    Descriptor(folder.parent_path(), O_RDONLY | O_DIRECTORY).Sync();
  }

  /// Calls `each` for every file. A folder that was not made yet has none.
  template <class Each>
  void Walk(Each each) const {
    std::error_code failure;
    for (std::filesystem::recursive_directory_iterator it(root_, failure), end; it != end; it.increment(failure)) {
      std::error_code gone;
      if (it->is_regular_file(gone)) each(*it, it->path().lexically_relative(root_).string());
    }
    if (failure && failure != std::errc::no_such_file_or_directory) {
      throw lshost::Error::Errno("list " + root_.string(), failure.value());
    }
  }

  /// What was left by a process that was killed. If somebody else is writing one, that fails there and is repeated.
  void RemoveUnfinished() {
    Walk([&](const std::filesystem::directory_entry& file, const std::string& name) {
      std::error_code gone;
      if (name.ends_with('~')) std::filesystem::remove(file.path(), gone);
    });
    is_clean_ = true;
  }

  const std::filesystem::path root_;
  bool is_clean_ = false;  // of Put() only
};
