#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "os/fs.hpp"

namespace lshost::os {
namespace {

/// Calls `fn` again for as long as a signal cuts it short.
template <class Fn>
auto retry_interrupted(Fn&& fn) {
  for (;;) {
    const auto result = fn();
    if (result >= 0 || errno != EINTR) return result;
  }
}

FileStat to_file_stat(const struct stat& from, bool is_link) {
  FileStat to;
  to.size_bytes = static_cast<std::uint64_t>(from.st_size);
  to.modified_ns = UnixNanos{from.st_mtim.tv_sec} * 1'000'000'000 + from.st_mtim.tv_nsec;
  to.inode = from.st_ino;
  to.device = from.st_dev;
  to.mode = from.st_mode & 07777;
  to.uid = from.st_uid;
  to.gid = from.st_gid;
  to.is_directory = S_ISDIR(from.st_mode);
  to.is_regular = S_ISREG(from.st_mode);
  to.is_link = is_link;
  return to;
}

/// open() that never follows a surprise: no descriptor for children, and no waiting for the other end of a pipe.
UniqueFd open_path(std::string_view op, const std::string& path, int flags, std::uint32_t mode = 0) {
  const int fd = retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, mode); });
  if (fd < 0) throw_errno(op, path);
  return UniqueFd(fd);
}

struct stat stat_of(std::string_view op, const std::string& path, const UniqueFd& fd) {
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) throw_errno(op, path);
  return info;
}

/// The same for something that has to be a file: a pipe or a device under that name is somebody's mistake.
struct stat stat_of_file(std::string_view op, const std::string& path, const UniqueFd& fd) {
  const auto info = stat_of(op, path, fd);
  if (S_ISDIR(info.st_mode)) throw_errno(op, path, EISDIR);
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorCode::invalid, std::string(op) + " " + path + ": not a regular file");
  }
  return info;
}

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  std::size_t read_at(std::string_view op, std::uint64_t offset, MutableByteSpan into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto count = retry_interrupted([&] {
        return ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      });
      if (count < 0) throw_errno(op, path_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  std::uint64_t size(std::string_view op) const override {
    return static_cast<std::uint64_t>(stat_of(op, path_, fd_).st_size);
  }

  int descriptor() const noexcept override { return fd_.get(); }

 private:
  const UniqueFd fd_;
  const std::string path_;
};

// Writes at the place that it believes to be the end, rather than with O_APPEND: what a failed append left behind
// the end is then overwritten by the next one, not kept in the middle.
class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(UniqueFd fd, std::string path, std::uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  void append(std::string_view op, ByteSpan data) override {
    std::size_t done = 0;
    while (done < data.size()) {
      const auto count = retry_interrupted([&] {
        return ::pwrite(fd_.get(), data.data() + done, data.size() - done, static_cast<off_t>(size_ + done));
      });
      if (count < 0) throw_errno(op, path_);
      done += static_cast<std::size_t>(count);
    }
    size_ += done;
  }

  void truncate(std::string_view op, std::uint64_t size_bytes) override {
    if (retry_interrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)); }) != 0) {
      throw_errno(op, path_);
    }
    size_ = size_bytes;
  }

  void sync(std::string_view op) override {
    if (retry_interrupted([&] { return ::fdatasync(fd_.get()); }) != 0) throw_errno(op, path_);
  }

  void close(std::string_view op) override {
    if (!fd_) throw_errno(op, path_, EBADF);
    // On Linux the descriptor is gone whatever close() says; EINTR says nothing about the bytes.
    if (::close(fd_.release()) != 0 && errno != EINTR) throw_errno(op, path_);
  }

  std::uint64_t size() const noexcept override { return size_; }

 private:
  UniqueFd fd_;
  const std::string path_;
  std::uint64_t size_;
};

void sync_names(std::string_view op, const std::string& directory) {
  const auto fd = open_path(op, directory, O_RDONLY | O_DIRECTORY);
  if (retry_interrupted([&] { return ::fsync(fd.get()); }) != 0) throw_errno(op, directory);
}

/// Creates one directory under an existing parent, durably. A failure takes the new name back, so that the next try
/// does not mistake it for a durable one.
void create_directory(std::string_view op, const std::string& directory, std::uint32_t mode) {
  if (::mkdir(directory.c_str(), mode) != 0) throw_errno(op, directory);
  try {
    if (::chmod(directory.c_str(), mode) != 0) throw_errno(op, directory);
    sync_names(op, parent_directory(directory));
  } catch (...) {
    (void)::rmdir(directory.c_str());  // the first failure is the one to report
    throw;
  }
}

class PosixFs final : public Fs {
 public:
  std::unique_ptr<WritableFile> create(std::string_view op, const std::string& path, std::uint32_t mode) override {
    auto fd = open_path(op, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    const auto info = stat_of_file(op, path, fd);
    // The umask took bits away, or the file was there already with others.
    if ((info.st_mode & 07777) != mode && ::fchmod(fd.get(), mode) != 0) throw_errno(op, path);
    return std::make_unique<PosixWritableFile>(std::move(fd), path, 0);
  }

  std::unique_ptr<WritableFile> open_append(std::string_view op, const std::string& path) override {
    auto fd = open_path(op, path, O_WRONLY | O_NOFOLLOW);
    const auto size = stat_of_file(op, path, fd).st_size;
    return std::make_unique<PosixWritableFile>(std::move(fd), path, static_cast<std::uint64_t>(size));
  }

  std::unique_ptr<ReadableFile> open_read(std::string_view op, const std::string& path) override {
    auto fd = open_path(op, path, O_RDONLY);
    (void)stat_of_file(op, path, fd);
    return std::make_unique<PosixReadableFile>(std::move(fd), path);
  }

  std::optional<FileStat> stat(std::string_view op, const std::string& path) override {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) return absent_or_throw(op, path);
    const bool is_link = S_ISLNK(info.st_mode);
    if (is_link && ::stat(path.c_str(), &info) != 0) return absent_or_throw(op, path);
    return to_file_stat(info, is_link);
  }

  std::optional<std::vector<std::string>> list(std::string_view op, const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
    if (!stream && errno == ENOENT) return std::nullopt;
    if (!stream) throw_errno(op, directory);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;  // the only way to tell the end from a failure
      const auto* entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) throw_errno(op, directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  void create_directories(std::string_view op, const std::string& directory, std::uint32_t mode) override {
    if (const auto info = stat(op, directory)) {
      if (!info->is_directory) throw_errno(op, directory, ENOTDIR);
      return;
    }
    if (const auto parent = parent_directory(directory); parent != directory) create_directories(op, parent, mode);
    try {
      create_directory(op, directory, mode);
    } catch (const Error&) {
      // Somebody else may have been faster.
      const auto info = stat(op, directory);
      if (!info || !info->is_directory) throw;
      sync_names(op, parent_directory(directory));
    }
  }

  void rename(std::string_view op, const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) throw_errno(op, from + " to " + to);
  }

  void remove(std::string_view op, const std::string& path) override {
    if (::unlink(path.c_str()) == 0) return;
    if (errno == EISDIR && ::rmdir(path.c_str()) == 0) return;
    if (errno != ENOENT && errno != ENOTDIR) throw_errno(op, path);
  }

  void sync_directory(std::string_view op, const std::string& directory) override { sync_names(op, directory); }

 private:
  static std::nullopt_t absent_or_throw(std::string_view op, const std::string& path) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw_errno(op, path);
  }
};

}  // namespace

std::unique_ptr<ReadableFile> adopt_readable(UniqueFd descriptor, std::string name) {
  return std::make_unique<PosixReadableFile>(std::move(descriptor), std::move(name));
}

Fs& posix_fs() {
  static PosixFs fs;
  return fs;
}

}  // namespace lshost::os
