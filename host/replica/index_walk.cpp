#include "replica/index_walk.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"

namespace lshost::replica {
namespace {

/// True if the target cut the last item short, so that the end of the step is a person's or a recorded time's choice.
bool is_cut(const IndexStep& step) { return step.size_bytes < end_of(step.pieces.back().item); }

}  // namespace

IndexWalk::IndexWalk(const IndexStep& step, std::string generation)
    : step_(&step), generation_(std::move(generation)) {}

std::size_t IndexWalk::consume(ByteSpan bytes, const OnFrame& on_frame) {
  std::size_t taken = 0;
  if (!chain_) {
    if (bytes.size() < wal::kHeaderSize) return 0;
    const auto header = wal::parse_header(bytes);
    if (!header) {
      throw Error(ErrorCode::corrupt,
                  fmt::format("wal at {} does not begin with a valid WAL header", db::to_string(position())));
    }
    chain_.emplace(*header);
    taken = wal::kHeaderSize;
    taken_bytes_ += taken;
  }
  const std::size_t frame_size = wal::frame_size(page_size());
  for (; bytes.size() - taken >= frame_size; taken += frame_size) {
    const ByteSpan frame = bytes.subspan(taken, frame_size);
    const wal::FrameHeader header = wal::parse_frame_header(frame.data());
    if (!chain_->accept(frame)) refuse_frame(header);
    taken_bytes_ += frame_size;
    if (header.is_commit()) db_size_pages_ = header.db_size_pages;
    on_frame(static_cast<std::uint32_t>(chain_->frames()), header, frame.subspan(wal::kFrameHeaderSize));
  }
  return taken;
}

void IndexWalk::refuse_frame(const wal::FrameHeader& header) const {
  const auto* const what = header.salt == salt() ? "its checksum does not continue that of the frame before it"
                                                 : "its salts are those of another WAL";
  throw Error(ErrorCode::corrupt, fmt::format("wal frame at {} is damaged: {}", db::to_string(position()), what));
}

void IndexWalk::finish() const {
  const bool ends_with_commit = chain_ && taken_bytes_ == step_->size_bytes && chain_->frames() > 0 &&
                                chain_->committed_frames() == chain_->frames();
  if (ends_with_commit) return;
  const std::uint64_t commit_offset =
      chain_ && chain_->committed_frames() > 0 ? wal::frames_end(chain_->committed_frames(), page_size()) : 0;
  const db::Position end{generation_, step_->index, step_->size_bytes};
  const db::Position commit{generation_, step_->index, commit_offset};
  if (is_cut(*step_)) {
    throw Error(ErrorCode::invalid,
                fmt::format("position {} is not the end of a transaction; the last one before it is {}",
                            db::to_string(end), db::to_string(commit)));
  }
  throw Error(ErrorCode::corrupt,
              fmt::format("wal from {} to {} is an unfinished transaction", db::to_string(commit), db::to_string(end)));
}

}  // namespace lshost::replica
