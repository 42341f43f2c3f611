#pragma once
// Proves the bytes of one index: header, salts, running checksum of every frame, and a commit frame at the end.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "db/position.hpp"
#include "lshost/wal.hpp"
#include "replica/restore_plan.hpp"

namespace lshost::replica {

/// Called for each proven frame: its number in the index, from 1; its header; its page.
using OnFrame = std::function<void(std::uint32_t frame, const wal::FrameHeader& header, ByteSpan page)>;

/// Walks the bytes of one step from its first to its last.
/// Errors: Error{corrupt} naming the position at which the bytes are not what SQLite wrote; Error{invalid} if they are,
/// but the step ends inside a transaction because a person asked for that position.
/// Threads: one at a time.
class IndexWalk {
 public:
  /// `step` is borrowed.
  IndexWalk(const IndexStep& step, std::string generation);

  /// Takes whole frames (first the WAL header) from the front of `bytes`; returns how many bytes it took.
  [[nodiscard]] std::size_t consume(ByteSpan bytes, const OnFrame& on_frame);
  /// All bytes were given: checks that they end with a commit.
  void finish() const;

  /// REQUIRES: the WAL header was consumed.
  [[nodiscard]] std::uint32_t page_size() const noexcept { return chain_->header().page_size; }
  [[nodiscard]] wal::Salt salt() const noexcept { return chain_->header().salt; }
  [[nodiscard]] wal::Checksum sum() const noexcept { return chain_->sum(); }
  /// Of the database after the last commit; 0: there was none.
  [[nodiscard]] std::uint32_t db_size_pages() const noexcept { return db_size_pages_; }
  /// Where the next byte stands.
  [[nodiscard]] db::Position position() const { return {generation_, step_->index, taken_bytes_}; }

 private:
  [[noreturn]] void refuse_frame(const wal::FrameHeader& header) const;

  const IndexStep* step_;
  std::string generation_;
  std::optional<wal::Chain> chain_;
  std::uint64_t taken_bytes_ = 0;
  std::uint32_t db_size_pages_ = 0;
};

}  // namespace lshost::replica
