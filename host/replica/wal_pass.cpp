#include "replica/wal_pass.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace lshost::replica {
namespace {

constexpr std::size_t kStreamBufferSize = 256 << 10;

/// A spooled index, read from its start.
class SpoolStream final : public ByteStream {
 public:
  SpoolStream(const ScratchFile& file, std::uint64_t size_bytes) : file_(file), left_bytes_(size_bytes) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    const std::size_t got = file_.read_at(offset_, into.first(std::min<std::uint64_t>(into.size(), left_bytes_)));
    offset_ += got;
    left_bytes_ -= got;
    return got;
  }

 private:
  const ScratchFile& file_;
  std::uint64_t offset_ = 0;
  std::uint64_t left_bytes_;
};

/// Walks a stream to its end through a buffer of fixed size; `on_bytes` sees all bytes once.
template <class OnBytes>
void walk_stream(ByteStream& stream, IndexWalk& walk, std::vector<std::byte>& buffer, const OnFrame& on_frame,
                 OnBytes&& on_bytes) {
  buffer.resize(kStreamBufferSize);
  std::size_t held = 0;  // bytes at the front that are not a whole frame yet
  for (;;) {
    const std::size_t got = read_fully(stream, MutableByteSpan(buffer).subspan(held));
    on_bytes(ByteSpan(buffer).subspan(held, got));
    held += got;
    const std::size_t taken = walk.consume(ByteSpan(buffer).first(held), on_frame);
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(taken), buffer.begin() + static_cast<std::ptrdiff_t>(held),
              buffer.begin());
    held -= taken;
    if (got == 0) return;
  }
}

PageSum no_sum() { return 0; }

}  // namespace

WalPass::WalPass(Replicator& replicator, const RestorePlan& plan, const Limits& limits, std::uint32_t page_size,
                 PageTable& table, KeptIndexes& kept, ScratchFile& out)
    : replicator_(replicator),
      plan_(plan),
      limits_(limits),
      table_(table),
      kept_(kept),
      out_(out),
      page_size_(page_size),
      end_pages_(plan.steps.size(), 0) {}

void WalPass::apply(std::uint32_t ordinal, std::vector<std::byte>& buffer) {
  IndexStream stream(replicator_, plan_.steps[ordinal]);
  if (stream.is_one_file() && kept_.reserve()) {
    apply_kept(ordinal, stream, buffer);
  } else if (plan_.steps[ordinal].size_bytes <= limits_.index_memory_bytes) {
    apply_from_memory(ordinal, stream, buffer);
  } else {
    apply_twice(ordinal, stream, buffer);
  }
}

void WalPass::apply_kept(std::uint32_t ordinal, IndexStream& stream, std::vector<std::byte>& buffer) {
  IndexWalk walk(plan_.steps[ordinal], plan_.target.generation);
  walk_stream(
      stream, walk, buffer,
      [&](std::uint32_t frame, const wal::FrameHeader& header, ByteSpan page) {
        table_.claim(header.page_number, page_version(ordinal, frame), [page] { return page_sum(page); });
        ++frames_;
      },
      [&](ByteSpan) { limits_.throw_if_stopped(); });
  end_index(ordinal, walk);
  kept_.keep(ordinal, stream.take_file());
}

void WalPass::apply_from_memory(std::uint32_t ordinal, IndexStream& stream, std::vector<std::byte>& buffer) {
  const IndexStep& step = plan_.steps[ordinal];
  buffer.resize(step.size_bytes);
  const std::size_t got = read_fully(stream, buffer);
  if (!stream.is_from_files()) is_remote_ = true;
  LSHOST_ASSERT(got == buffer.size());  // the stream throws where something is missing
  IndexWalk walk(step, plan_.target.generation);
  (void)walk.consume(buffer, [&](std::uint32_t frame, const wal::FrameHeader& header, ByteSpan) {
    table_.claim(header.page_number, page_version(ordinal, frame), no_sum);
  });
  end_index(ordinal, walk);

  const std::uint64_t frame_size = wal::frame_size(walk.page_size());
  const auto frames = static_cast<std::uint32_t>(wal::frames_below(buffer.size(), walk.page_size()));
  for (std::uint32_t frame = 1; frame <= frames; ++frame) {
    const ByteSpan bytes = ByteSpan(buffer).subspan(wal::frames_end(frame - 1, walk.page_size()), frame_size);
    const auto page_number = wal::load32(bytes.data());
    write_if_newest(page_version(ordinal, frame), page_number, bytes.subspan(wal::kFrameHeaderSize));
  }
  frames_ += frames;
}

void WalPass::apply_twice(std::uint32_t ordinal, IndexStream& stream, std::vector<std::byte>& buffer) {
  const IndexStep& step = plan_.steps[ordinal];
  IndexWalk first(step, plan_.target.generation);
  std::unique_ptr<ScratchFile> spool;
  std::uint64_t spooled_bytes = 0;
  walk_stream(
      stream, first, buffer,
      [&](std::uint32_t frame, const wal::FrameHeader& header, ByteSpan) {
        table_.claim(header.page_number, page_version(ordinal, frame), no_sum);
      },
      [&](ByteSpan bytes) {
        limits_.throw_if_stopped();
        if (!stream.is_from_files() && spooled_bytes == 0)
          spool = std::make_unique<ScratchFile>(limits_.spool_directory);
        if (!spool) return;
        spool->write_at(spooled_bytes, bytes);
        spooled_bytes += bytes.size();
      });
  end_index(ordinal, first);
  if (!stream.is_from_files()) is_remote_ = true;

  // The second reading is proven like the first: what is written was checked in the same pass.
  const bool is_spooled = spooled_bytes == step.size_bytes;
  std::unique_ptr<ByteStream> again;
  if (is_spooled) {
    again = std::make_unique<SpoolStream>(*spool, spooled_bytes);
  } else {
    again = std::make_unique<IndexStream>(replicator_, step);
  }
  IndexWalk second(step, plan_.target.generation);
  walk_stream(
      *again, second, buffer,
      [&](std::uint32_t frame, const wal::FrameHeader& header, ByteSpan page) {
        write_if_newest(page_version(ordinal, frame), header.page_number, page);
        ++frames_;
      },
      [&](ByteSpan) { limits_.throw_if_stopped(); });
  second.finish();
  if (second.salt() != first.salt() || second.sum() != first.sum()) {
    throw Error(ErrorCode::corrupt, fmt::format("wal at {} changed while it was read",
                                                db::to_string({plan_.target.generation, step.index, 0})));
  }
}

void WalPass::write_if_newest(PageVersion version, std::uint32_t page_number, ByteSpan page) {
  table_.visit(page_number, 1, [&](const PageTable::Run& run) {
    if (run.versions[0] == version) out_.write_at(std::uint64_t{page_number - 1} * page.size(), page);
  });
}

void WalPass::end_index(std::uint32_t ordinal, const IndexWalk& walk) {
  walk.finish();
  agree_on_page_size(walk.page_size(), {plan_.target.generation, plan_.steps[ordinal].index, 0});
  end_pages_[ordinal] = walk.db_size_pages();
}

void WalPass::agree_on_page_size(std::uint32_t page_size, const db::Position& where) {
  std::uint32_t agreed = 0;
  if (page_size_.compare_exchange_strong(agreed, page_size) || agreed == page_size) return;
  throw Error(ErrorCode::corrupt, fmt::format("wal at {} has pages of {} bytes, the database has pages of {}",
                                              db::to_string(where), page_size, agreed));
}

}  // namespace lshost::replica
