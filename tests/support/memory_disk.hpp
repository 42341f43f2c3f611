#pragma once
// A disk in memory that knows what a power cut would leave of it.
//
// Every file and directory exists twice: as programs see it, and as it is durable. sync() copies a file's bytes from
// the first to the second, sync_names() a directory's names; a crash makes the second the first. Knows nothing of
// faults or threads.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "os/fs.hpp"

namespace lshost::test {

/// One thread at a time. Errors are those of a real file system, in its words.
class MemoryDisk {
 public:
  using Bytes = std::vector<std::byte>;

  /// A file or a directory; lives on for as long as somebody has it open.
  struct Node {
    bool is_directory = false;
    std::uint32_t mode = 0;
    std::uint64_t inode = 0;
    UnixNanos modified_ns = 0;
    Bytes data;                   ///< of a file
    Bytes durable;                ///< what of it survives a crash
    bool has_lost_bytes = false;  ///< a sync failed: the kernel threw pages away, later syncs do not bring them back
    std::map<std::string, std::shared_ptr<Node>> names;          ///< of a directory
    std::map<std::string, std::shared_ptr<Node>> durable_names;  ///< which of them survive
  };
  using NodePtr = std::shared_ptr<Node>;

  MemoryDisk();

  [[nodiscard]] NodePtr find(const std::string& path) const;  ///< null: nothing there
  [[nodiscard]] NodePtr create(std::string_view op, const std::string& path, std::uint32_t mode);
  void make_directories(std::string_view op, const std::string& path, std::uint32_t mode);
  void rename(std::string_view op, const std::string& from, const std::string& to);
  void remove(std::string_view op, const std::string& path);
  void sync_names(std::string_view op, const std::string& directory);

  void write(Node& file, std::uint64_t offset, ByteSpan data);
  void truncate(Node& file, std::uint64_t size_bytes);
  static void sync(Node& file);

  /// Power loss, at its worst: nothing stays that was not synced.
  void crash();
  /// Power loss as it may come: of what was not synced a random part stays. Names come or go in the order in which
  /// they changed; of bytes some sectors may be there and others zero.
  void crash(std::uint64_t seed);

  [[nodiscard]] std::uint64_t used_bytes() const;

 private:
  /// A name that means something else from now on.
  struct Entry {
    NodePtr directory;
    std::string name;
    NodePtr node;  // null: the name is gone
  };
  /// What happens at once, if it happens: a rename is two entries.
  using Change = std::vector<Entry>;

  [[nodiscard]] NodePtr new_node(bool is_directory, std::uint32_t mode);
  [[nodiscard]] NodePtr parent_of(std::string_view op, const std::string& path) const;
  void apply(Change change);
  static void make_durable(const Change& change);
  static void make_all_durable(Node& node);
  void restart();

  NodePtr root_;
  std::vector<Change> pending_;  // not durable yet, in order
  std::uint64_t next_inode_ = 2;
  UnixNanos now_ = 0;
};

}  // namespace lshost::test
