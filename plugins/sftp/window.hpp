#pragma once
// The part of a file that may have to be sent again: all that the server has not yet made durable. Pure.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "packet.hpp"

namespace lshost::sftp {

/// Bytes [begin(), end()) of a file, in pieces as they are sent. Everything before begin() is safe at the server.
class Window {
 public:
  struct Piece {
    std::uint64_t offset;
    Bytes bytes;
    [[nodiscard]] std::uint64_t end() const noexcept { return offset + bytes.size(); }
  };

  /// The next bytes of the file.
  void add(Bytes bytes) {
    pieces_.push_back({end_, std::move(bytes)});
    end_ = pieces_.back().end();
  }
  /// All before `offset` is safe: pieces that end there are dropped.
  void safe_before(std::uint64_t offset) {
    while (!pieces_.empty() && pieces_.front().end() <= offset) {
      begin_ = pieces_.front().end();
      pieces_.pop_front();
    }
  }
  /// The piece that begins at `offset`; nullptr: there is none. Good until add() or safe_before().
  [[nodiscard]] const Piece* piece_at(std::uint64_t offset) const {
    const auto found = std::lower_bound(pieces_.begin(), pieces_.end(), offset,
                                        [](const Piece& piece, std::uint64_t at) { return piece.offset < at; });
    return found == pieces_.end() || found->offset != offset ? nullptr : &*found;
  }

  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return end_ - begin_; }

 private:
  std::deque<Piece> pieces_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace lshost::sftp
