#pragma once
// The simplest replica there is: takes one snapshot a generation, applies every WAL run to an image in memory.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "db/feed.hpp"

namespace lshost::test {

/// Threads: one. Throws std::runtime_error if the feed gives something that does not fit together.
class FeedFollower {
 public:
  explicit FeedFollower(db::Feed& feed) : feed_(&feed) {}

  /// Goes on with what it has, as a replica does when the host was away.
  void go_on_with(db::Feed& feed) { feed_ = &feed; }

  /// Takes what there is now. Returns false if there was nothing new.
  bool catch_up();

  [[nodiscard]] const db::Position& position() const noexcept { return position_; }
  [[nodiscard]] int snapshots() const noexcept { return snapshots_; }
  [[nodiscard]] std::uint64_t indexes_begun() const noexcept { return indexes_begun_; }
  [[nodiscard]] std::uint64_t wal_bytes() const noexcept { return wal_bytes_; }
  /// The image as of position(), as a database file.
  [[nodiscard]] std::vector<std::byte> image() const;
  /// The bytes of the indexes since the last snapshot, by index, each from offset 0.
  [[nodiscard]] const std::map<std::uint64_t, std::vector<std::byte>>& logs() const noexcept { return logs_; }

 private:
  void take_snapshot();
  void apply(const db::WalRun& run, std::vector<std::byte> bytes);

  db::Feed* feed_;
  db::Position position_;
  std::uint32_t page_size_ = 0;
  std::map<std::uint32_t, std::vector<std::byte>> pages_;
  std::uint32_t size_pages_ = 0;
  std::map<std::uint64_t, std::vector<std::byte>> logs_;
  int snapshots_ = 0;
  std::uint64_t indexes_begun_ = 0;
  std::uint64_t wal_bytes_ = 0;
};

}  // namespace lshost::test
