#pragma once
// A file that is being restored, under a name that says so, until it is whole and gets its own.
//
// Not through os::Fs, which only appends: pages are written at their places, from several threads. What happens to
// names once the file is whole (publish_database.hpp) does go through it.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/unique_fd.hpp"

namespace lshost::replica {

/// Owns a new file ".lshost-restore-<16 hex digits>.tmp" of mode 0600 in a directory, and removes it unless keep() was
/// called. A process that dies leaves it; the lock on it (flock) dies with the process, and so the next restore into
/// the directory knows it for a left-over.
/// Threads: write_at and start_write_back from any thread at once; the rest from one. Errors: Error with the path.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& directory);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void write_at(std::uint64_t offset, ByteSpan data);
  /// Reads what was written; short only at the end.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableByteSpan into) const;
  /// A hint to the kernel to begin writing to the disk, so that sync() has less to wait for.
  void start_write_back() noexcept;
  void resize(std::uint64_t size_bytes);
  /// Takes the permissions of another file, but never more than rwxrwxrwx, and its owner where that is allowed.
  void set_owner_and_mode(std::uint32_t uid, std::uint32_t gid, std::uint32_t mode);
  void sync();
  /// The file has got another name: it stays.
  void keep() noexcept { is_kept_ = true; }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  UniqueFd fd_;
  bool is_kept_ = false;
};

/// Removes what restores that died left in `directory`; returns how many. Failures to remove are not failures.
std::size_t remove_dead_scratch_files(const std::string& directory) noexcept;

/// True for the names that ScratchFile gives.
[[nodiscard]] bool is_scratch_name(std::string_view name) noexcept;

}  // namespace lshost::replica
