#pragma once
// What one generation is the history of, and which of its replicas are known to share it.
//
// Local state can be older than it seems: a copied folder, a virtual machine that was set back. As long as the log
// itself proves where capture goes on, that is found out when a replica asks for what lies ahead. Behind a bridge the
// log proves nothing: the positions of a lost history could be given out again, for other content. So each bridge is a
// toll gate: a replica that was never seen at or before its beginning, and holds something from behind it, holds
// another history.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/position.hpp"

namespace lshost::db {

/// What tells one file from all others, also from one that gets its inode number later.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::int64_t born_ns = 0;  ///< 0: the file system does not know
  bool operator==(const FileIdentity&) const = default;
};

/// Pure. Threads: none of its own.
class Origin {
 public:
  Origin() = default;
  Origin(std::string generation, FileIdentity file) : generation_(std::move(generation)), file_(file) {}

  [[nodiscard]] const std::string& generation() const noexcept { return generation_; }
  [[nodiscard]] const FileIdentity& file() const noexcept { return file_; }

  /// A bridge begins at `at`.
  void add_bridge(const Position& at) { bridges_.push_back({at.index, at.offset}); }
  /// The replica shares this history up to now: it begins with a snapshot, or was seen at a position that all do.
  /// False: that was known already.
  bool confirm(const std::string& replica);
  /// The replica holds everything up to `position`. False: that is of another history.
  [[nodiscard]] bool is_ours(const std::string& replica, const Position& position) const;
  [[nodiscard]] bool is_confirmed(const std::string& replica) const;

  [[nodiscard]] std::string encode() const;
  /// nullopt: it is not what encode() made.
  [[nodiscard]] static std::optional<Origin> parse(std::string_view text);

 private:
  [[nodiscard]] std::size_t passed(const std::string& replica) const;

  std::string generation_;
  FileIdentity file_;
  std::vector<IndexOffset> bridges_;
  std::map<std::string, std::size_t> passed_;  // how many bridges each replica has passed
};

}  // namespace lshost::db
