#pragma once
// The bytes of one index as one stream, from however many items it is stored in.

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/byte_stream.hpp"
#include "replica/replicator.hpp"
#include "replica/restore_plan.hpp"

namespace lshost::replica {

/// A whole index as one run of a file.
struct FileRun {
  std::unique_ptr<ByteStream> stream;  ///< owns the descriptor
  int descriptor = -1;                 ///< for positioned reads, from any thread
  std::uint64_t offset = 0;            ///< of the index's first byte in the file
};

/// Gives exactly the step's size_bytes bytes. Opens one item at a time.
/// Ownership: borrows the replicator and the step. Errors: what the replicator throws; Error{corrupt} naming the
/// position where an item ends too early.
class IndexStream final : public ByteStream {
 public:
  IndexStream(Replicator& replicator, const IndexStep& step);
  [[nodiscard]] std::size_t read(MutableByteSpan into) override;
  /// True if all items opened so far are runs of files: reading them again costs no more than the first time.
  [[nodiscard]] bool is_from_files() const noexcept { return is_from_files_; }
  /// True if the whole index is one run of a file. REQUIRES: nothing was read yet.
  [[nodiscard]] bool is_one_file();
  /// The file of which is_one_file() spoke, kept open. Nothing can be read afterwards.
  [[nodiscard]] FileRun take_file() { return {std::move(piece_), file_->descriptor, file_->offset}; }

 private:
  void open_next();

  Replicator& replicator_;
  const IndexStep& step_;
  std::size_t next_piece_ = 0;
  std::unique_ptr<ByteStream> piece_;
  std::uint64_t piece_left_bytes_ = 0;
  bool is_from_files_ = true;
  std::optional<ByteStream::FileRange> file_;  // of the piece, from the index's bytes on
};

/// Reads until `into` is full or the stream ends; returns how much there was.
[[nodiscard]] std::size_t read_fully(ByteStream& stream, MutableByteSpan into);

}  // namespace lshost::replica
