#pragma once
// The file operations of this plugin, and no others: short counts, EINTR, syncs and sentences are dealt with here.
//
// Each operation that changes the destination is a Step that a test can watch, cut short or fail. Nothing here knows
// what the files mean.

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lshost::file {

enum class Step { create, write, truncate, sync, rename, remove, make_folder, sync_folder };

/// How a test gets between the plugin and the disk. Functions come from any thread.
class DiskWatcher {
 public:
  virtual ~DiskWatcher() = default;
  /// Before a step; `size` is what a write would write, 0 otherwise. Throws to fail the step; a smaller number than
  /// `size` is written, and then the disk is full.
  virtual std::size_t before(Step step, const std::string& path, std::size_t size) = 0;
  /// After a step that succeeded.
  virtual void after(Step step, const std::string& path) = 0;
};

struct FileFacts {
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool is_folder = false;
  bool is_regular = false;
};

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// A file open for reading at any place. Threads: any, several at once.
class InFile {
 public:
  InFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  /// Fills `into` from `offset`; fewer bytes only at the end of the file.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> into) const;
  [[nodiscard]] FileFacts facts() const;
  [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The kernel may read ahead: the file is read from start to end.
  void expect_sequential_reads() const noexcept;

 private:
  Descriptor fd_;
  std::string path_;
};

/// A file that grows at its end. One thread at a time.
/// After a throw its content is unknown from the last good sync() on: drop it, and look at the file again.
class OutFile {
 public:
  OutFile(Descriptor fd, std::string path, DiskWatcher* watcher);

  void append(std::span<const std::byte> bytes);
  /// Writes over bytes that are there.
  void overwrite(std::uint64_t offset, std::span<const std::byte> bytes);
  void truncate(std::uint64_t size_bytes);
  /// The bytes, and the size, are durable on return.
  void sync();
  /// Begins to write out [offset, size()), so that a later sync() has less to do. A hint.
  void start_writing_out(std::uint64_t offset) const noexcept;
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> into) const;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] FileFacts facts() const;
  /// False: the name is gone or belongs to another file.
  [[nodiscard]] bool is_under_its_name() const;
  /// Keeps other writers away until this is closed. False: there is one. True where the file system has no locks.
  [[nodiscard]] bool lock() const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  void write(std::uint64_t offset, std::span<const std::byte> bytes);

  Descriptor fd_;
  std::string path_;
  DiskWatcher* watcher_;
  std::uint64_t size_;  // where append() goes
  std::uint64_t device_;
  std::uint64_t inode_;
};

/// However many names somebody puts into a folder of the replica, they must fit into memory.
inline constexpr std::size_t kNamesMax = 5'000'000;

/// The root of all operations. Thread-safe; throws lshost::Error with the path in its sentence.
///
/// The folder `root` is the user's to choose, by way of links, too. Below it there are none: whoever can write there
/// could place one to make us write, cut or remove something else, or present a file of ours as a replica. So each
/// folder on the way to a name is opened from the one before it, following nothing, and every operation begins there.
class Disk {
 public:
  explicit Disk(std::string root, DiskWatcher* watcher = nullptr) : root_(std::move(root)), watcher_(watcher) {}

  /// Creates a file of mode 0600. One that is there is replaced, not written to: it may be somebody else's.
  [[nodiscard]] OutFile create(const std::string& path) const;
  /// nullopt: there is none. Throws for what is no regular file, and does not wait for the other end of a pipe.
  [[nodiscard]] std::optional<OutFile> open_append(const std::string& path) const;
  [[nodiscard]] std::optional<InFile> open_read(const std::string& path) const;
  /// The whole of a small file. nullopt: there is none. A larger one is cut.
  [[nodiscard]] std::optional<std::vector<std::byte>> read(const std::string& path, std::size_t size_max) const;
  [[nodiscard]] std::optional<FileFacts> facts(const std::string& path) const;
  /// A folder, not a link to one.
  [[nodiscard]] bool is_real_folder(const std::string& path) const;
  /// The names in a folder, sorted; nothing if there is no such folder. Throws where there are more than `names_max`.
  [[nodiscard]] std::vector<std::string> list(const std::string& folder, std::size_t names_max = kNamesMax) const;

  /// Creates a folder and its missing parents, mode 0700; returns those that were missing. See sync_path().
  std::vector<std::string> make_folders(const std::string& folder) const;
  void rename(const std::string& from, const std::string& to) const;
  /// Removes a file; a missing one is no error.
  void remove(const std::string& path) const;
  /// Removes an empty folder.
  void remove_folder(const std::string& folder) const;
  /// Removes a folder with all that is in it; a link in it is removed, never followed. A missing one is no error.
  void remove_tree(const std::string& folder) const;
  /// The names that lead to a folder become durable: all of them, because one that is there may have been made by a
  /// run that died before it could sync. Folders that may not be read are left out: it was not us who made names there.
  void sync_path(const std::string& folder) const;
  /// The names in a folder become durable.
  void sync_folder(const std::string& folder) const;

 private:
  /// A name in an open folder.
  struct Place {
    Descriptor folder;  ///< AT_FDCWD: the name is a path
    std::string name;
    int flags = 0;  ///< O_NOFOLLOW below the root
    [[nodiscard]] int at() const noexcept;
  };

  /// Throws if a link is on the way; a folder that is missing on the way leaves nullopt, and ENOENT in errno.
  [[nodiscard]] std::optional<Place> find_place(const std::string& path) const;
  /// A descriptor, or -1 and errno.
  [[nodiscard]] int open_at(const std::string& path, int flags) const;
  [[nodiscard]] int open_folder(const std::string& folder) const;
  [[nodiscard]] bool look(const std::string& path, struct stat& st) const;
  std::size_t before(Step step, const std::string& path, std::size_t size = 0) const;
  void after(Step step, const std::string& path) const;

  const std::string root_;
  DiskWatcher* watcher_;
};

/// "/a/b" -> "/a".
[[nodiscard]] std::string parent_folder(const std::string& path);

}  // namespace lshost::file
