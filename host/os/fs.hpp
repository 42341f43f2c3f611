#pragma once
// The file operations that lshost performs, and no others.
//
// Everything in the host that touches a file goes through Fs, so that a test can fail, cut or forget
// exactly one step. This file knows nothing of SQLite.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/unique_fd.hpp"

namespace lshost::os {

/// What stat() tells of a path. Links are followed: all but is_link is about what they lead to.
struct FileStat {
  std::uint64_t size_bytes = 0;
  UnixNanos modified_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::uint32_t mode = 0;  ///< permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool is_directory = false;
  bool is_regular = false;
  bool is_link = false;  ///< the name itself is a symbolic link
};

/// A file open for reading at any place. Threads: read_at and size from any thread at once.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Fills `into` from `offset`; returns how many bytes there were, less than asked only at the end of the file.
  [[nodiscard]] virtual std::size_t read_at(std::string_view op, std::uint64_t offset, MutableByteSpan into) const = 0;
  [[nodiscard]] virtual std::uint64_t size(std::string_view op) const = 0;
  /// The descriptor, borrowed until this object goes; -1 where there is none (a file of a test).
  [[nodiscard]] virtual int descriptor() const noexcept = 0;
};

/// A file that only grows at its end. One thread at a time.
/// After a throw the tail is undefined, and size() is what it was before: truncate() to a known size, or drop the file.
/// After a failed sync() nothing written since the last good one may be trusted: write it again to a new file.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual void append(std::string_view op, ByteSpan data) = 0;
  virtual void truncate(std::string_view op, std::uint64_t size_bytes) = 0;
  virtual void sync(std::string_view op) = 0;   ///< the bytes are durable on return
  virtual void close(std::string_view op) = 0;  ///< checks what close() says; further calls are errors
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;  ///< where the next append goes
};

/// `op` names the caller's step ("shadow.append"); errors carry it and tests inject faults by it.
/// Thread-safe. Every function throws Error and leaves no half-made result unless it says so.
class Fs {
 public:
  virtual ~Fs() = default;
  /// Creates or empties `path`, which then has `mode` (not masked). Never through a link.
  [[nodiscard]] virtual std::unique_ptr<WritableFile> create(std::string_view op, const std::string& path,
                                                             std::uint32_t mode) = 0;
  /// Opens an existing file; the next append goes to its end. Error{not_found} if there is none.
  [[nodiscard]] virtual std::unique_ptr<WritableFile> open_append(std::string_view op, const std::string& path) = 0;
  [[nodiscard]] virtual std::unique_ptr<ReadableFile> open_read(std::string_view op, const std::string& path) = 0;
  /// nullopt: there is nothing under that name, or a link that leads nowhere.
  [[nodiscard]] virtual std::optional<FileStat> stat(std::string_view op, const std::string& path) = 0;
  /// The names in a directory, sorted, without "." and ".."; nullopt: there is nothing under that
  /// name. Error{not_found} if it is no directory.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> list(std::string_view op,
                                                                     const std::string& directory) = 0;
  /// Creates `directory` and missing parents with `mode`, and makes their names durable. Existing ones stay as they
  /// are.
  virtual void create_directories(std::string_view op, const std::string& directory, std::uint32_t mode) = 0;
  virtual void rename(std::string_view op, const std::string& from, const std::string& to) = 0;
  /// Removes a file or an empty directory; a missing one is no error.
  virtual void remove(std::string_view op, const std::string& path) = 0;
  virtual void sync_directory(std::string_view op, const std::string& directory) = 0;  ///< its names become durable
};

/// The machine's file system. Lives for the process.
[[nodiscard]] Fs& posix_fs();

/// A file that another process opened and gave to this one. `name`: as messages call it.
[[nodiscard]] std::unique_ptr<ReadableFile> adopt_readable(UniqueFd descriptor, std::string name);

/// The parent directory of a path: "/a/b" -> "/a", "b" -> ".".
[[nodiscard]] std::string parent_directory(const std::string& path);

/// The whole content of a small file; nullopt if there is none. Error{corrupt} if it is larger than `size_max`.
[[nodiscard]] std::optional<std::string> read_small_file(Fs& fs, std::string_view op, const std::string& path,
                                                         std::size_t size_max = 1 << 20);

/// Removes a directory with all that is in it, never following links; a missing one is no error.
void remove_tree(Fs& fs, std::string_view op, const std::string& directory);

}  // namespace lshost::os
