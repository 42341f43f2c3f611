#pragma once
// Which files of a replica folder hold WAL, and the markers that came to be in them since the last look.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lshost::bench {

/// What one look found: commits in the order of their bytes.
struct Finding {
  std::vector<std::uint64_t> commits;
  bool was_published_whole = false;  ///< a compressed object that appeared by rename: its bytes were synced before
};

/// Reads each WAL file of a replica once, as it grows; a file named *.lz4 is decompressed whole when it has appeared.
///
/// Threads: one at a time. Errors: a file that vanished (retention, rename) holds nothing; anything else throws.
class ReplicaFiles {
 public:
  /// With `tail_bytes`, of a file seen for the first time only so much at its end is read.
  explicit ReplicaFiles(std::uint64_t tail_bytes = UINT64_MAX) : tail_bytes_(tail_bytes) {}

  /// True if `path` holds WAL that counts: below a folder `wal`, and not a temporary file.
  [[nodiscard]] static bool is_wal(const std::string& path);

  [[nodiscard]] Finding look(const std::string& path);

  /// Makes what was seen of `path` durable, whoever wrote it: returns after fdatasync.
  static void sync(const std::string& path);

 private:
  [[nodiscard]] Finding look_raw(const std::string& path);
  [[nodiscard]] Finding look_compressed(const std::string& path);

  std::uint64_t tail_bytes_;
  std::map<std::string, std::uint64_t> scanned_bytes_;
  std::vector<unsigned char> buffer_;
};

}  // namespace lshost::bench
