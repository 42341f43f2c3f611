#include "replica/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "base/mutex.hpp"
#include "replica/image_source.hpp"
#include "replica/index_stream.hpp"
#include "replica/index_walk.hpp"
#include "replica/page_table.hpp"

namespace lshost::replica {
namespace {

constexpr std::size_t kStreamBufferSize = 256 << 10;
constexpr std::uint64_t kWriteBackBytes = std::uint64_t{16} << 20;
constexpr unsigned kThreadsMax = 8;
constexpr std::uint64_t kLockByte = 0x40000000;  // SQLite's locks lie there; the page around it is never used

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

/// One run of assemble(). The constructor's arguments outlive it.
class Assembly {
 public:
  Assembly(Replicator& replicator, const RestorePlan& plan, const AssembleOptions& options, ScratchFile& out,
           RestoreProgress& progress)
      : replicator_(replicator),
        plan_(plan),
        options_(options),
        out_(out),
        progress_(progress),
        steps_left_(plan.steps.size()),
        image_(replicator, plan.snapshot),
        end_pages_(plan.steps.size(), 0) {
    page_size_ = image_.page_size();
  }

  Assembled run();

 private:
  void work() noexcept;
  void work_on_one_index() noexcept;
  template <class Work>
  void guarded(Work&& work) noexcept;
  /// False: there is none left.
  [[nodiscard]] bool take_index(std::vector<std::byte>& buffer);
  void work_on_wal();
  void work_on_image();
  void apply_from_memory(std::uint32_t ordinal, std::vector<std::byte>& buffer);
  void apply_streamed(std::uint32_t ordinal, std::vector<std::byte>& buffer);
  void claim_all(std::uint32_t ordinal, IndexWalk& walk, ByteSpan bytes, std::size_t& taken);
  void write_if_newest(std::uint32_t ordinal, std::uint32_t frame, std::uint32_t page_number, ByteSpan page);
  void write_block(const ImageSource::Block& block);
  void end_index(std::uint32_t ordinal, const IndexWalk& walk);
  void note_nature_of(const IndexStream& stream) {
    if (!stream.is_from_files()) is_remote_ = true;
  }
  void agree_on_page_size(std::uint32_t page_size, const db::Position& where);
  void count(std::uint64_t bytes);
  void throw_if_stopped() const;
  void drop_pages_cut_off(std::uint32_t final_pages);

  // Constant after construction.
  Replicator& replicator_;
  const RestorePlan& plan_;
  const AssembleOptions& options_;
  ScratchFile& out_;

  // Synchronizing themselves.
  RestoreProgress& progress_;
  PageTable table_;
  std::atomic<std::uint32_t> page_size_{0};
  std::atomic<std::size_t> steps_left_;  // the next step to take is steps_left_ - 1
  std::atomic<std::uint64_t> wal_frames_{0};
  std::atomic<bool> image_taken_{false};
  std::atomic<bool> failed_{false};
  std::atomic<bool> is_remote_{false};  // some index is no run of files

  ImageSource image_;  // after the constructor: of the thread that set image_taken_

  // Element i is written by the thread that took step i, and read after all were joined.
  std::vector<std::uint32_t> end_pages_;

  Mutex mutex_;
  std::exception_ptr failure_ LSHOST_GUARDED_BY(mutex_);
};

void Assembly::throw_if_stopped() const {
  if (options_.stop.stop_requested()) throw Error(ErrorCode::cancelled, "restore was stopped");
}

void Assembly::count(std::uint64_t bytes) { progress_.done_bytes.fetch_add(bytes, std::memory_order_relaxed); }

void Assembly::agree_on_page_size(std::uint32_t page_size, const db::Position& where) {
  std::uint32_t agreed = 0;
  if (page_size_.compare_exchange_strong(agreed, page_size) || agreed == page_size) return;
  throw Error(ErrorCode::corrupt, fmt::format("wal at {} has pages of {} bytes, the database has pages of {}",
                                              db::to_string(where), page_size, agreed));
}

// One index
// ------------------------------------------------------------------------------------------------------------

void Assembly::write_if_newest(std::uint32_t ordinal, std::uint32_t frame, std::uint32_t page_number, ByteSpan page) {
  table_.visit(page_number, 1, [&](std::uint32_t, const PageVersion* versions, std::uint32_t) {
    if (versions[0] != page_version(ordinal, frame)) return;
    out_.write_at(std::uint64_t{page_number - 1} * page.size(), page);
  });
}

void Assembly::end_index(std::uint32_t ordinal, const IndexWalk& walk) {
  walk.finish();
  agree_on_page_size(walk.page_size(), {plan_.target.generation, plan_.steps[ordinal].index, 0});
  end_pages_[ordinal] = walk.db_size_pages();
}

void Assembly::apply_from_memory(std::uint32_t ordinal, std::vector<std::byte>& buffer) {
  const IndexStep& step = plan_.steps[ordinal];
  buffer.resize(step.size_bytes);
  IndexStream stream(replicator_, step);
  const std::size_t got = read_fully(stream, buffer);
  note_nature_of(stream);
  LSHOST_ASSERT(got == buffer.size());  // the stream throws where something is missing
  IndexWalk walk(step, plan_.target.generation);
  (void)walk.consume(buffer, [&](std::uint32_t frame, const wal::FrameHeader& header, ByteSpan) {
    table_.claim(header.page_number, page_version(ordinal, frame));
  });
  end_index(ordinal, walk);

  const std::uint64_t frame_size = wal::frame_size(walk.page_size());
  const auto frames = static_cast<std::uint32_t>(wal::frames_below(buffer.size(), walk.page_size()));
  for (std::uint32_t frame = 1; frame <= frames; ++frame) {
    const ByteSpan bytes = ByteSpan(buffer).subspan(wal::frames_end(frame - 1, walk.page_size()), frame_size);
    const auto page_number = wal::load32(bytes.data());
    write_if_newest(ordinal, frame, page_number, bytes.subspan(wal::kFrameHeaderSize));
  }
  wal_frames_ += frames;
}

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

void Assembly::apply_streamed(std::uint32_t ordinal, std::vector<std::byte>& buffer) {
  const IndexStep& step = plan_.steps[ordinal];
  IndexStream stream(replicator_, step);
  IndexWalk first(step, plan_.target.generation);
  std::unique_ptr<ScratchFile> spool;
  std::uint64_t spooled_bytes = 0;
  walk_stream(
      stream, first, buffer,
      [&](std::uint32_t frame, const wal::FrameHeader& header, ByteSpan) {
        table_.claim(header.page_number, page_version(ordinal, frame));
      },
      [&](ByteSpan bytes) {
        throw_if_stopped();
        if (!stream.is_from_files() && spooled_bytes == 0)
          spool = std::make_unique<ScratchFile>(options_.spool_directory);
        if (!spool) return;
        spool->write_at(spooled_bytes, bytes);
        spooled_bytes += bytes.size();
      });
  end_index(ordinal, first);
  note_nature_of(stream);

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
        write_if_newest(ordinal, frame, header.page_number, page);
        ++wal_frames_;
      },
      [&](ByteSpan) { throw_if_stopped(); });
  second.finish();
  if (second.salt() != first.salt() || second.sum() != first.sum()) {
    throw Error(ErrorCode::corrupt, fmt::format("wal at {} changed while it was read",
                                                db::to_string({plan_.target.generation, step.index, 0})));
  }
}

// The threads
// ----------------------------------------------------------------------------------------------------------

bool Assembly::take_index(std::vector<std::byte>& buffer) {
  std::size_t left = steps_left_.load();
  while (left > 0 && !steps_left_.compare_exchange_weak(left, left - 1)) {
  }
  if (left == 0 || failed_) return false;
  throw_if_stopped();
  const auto ordinal = static_cast<std::uint32_t>(left - 1);
  if (plan_.steps[ordinal].size_bytes <= options_.index_memory_bytes) {
    apply_from_memory(ordinal, buffer);
  } else {
    apply_streamed(ordinal, buffer);
  }
  count(plan_.steps[ordinal].size_bytes);
  return true;
}

void Assembly::work_on_wal() {
  std::vector<std::byte> buffer;
  while (take_index(buffer)) {
  }
}

void Assembly::write_block(const ImageSource::Block& block) {
  const std::uint32_t page_size = image_.page_size();
  const auto first = static_cast<std::uint32_t>(block.offset / page_size + 1);
  const auto page_count = static_cast<std::uint32_t>(block.bytes.size() / page_size);
  const auto lock_page = static_cast<std::uint32_t>(kLockByte / page_size + 1);
  table_.visit(first, page_count, [&](std::uint32_t run_first, const PageVersion* versions, std::uint32_t run_count) {
    const auto is_wanted = [&](std::uint32_t i) {
      return versions[i] == kSnapshotVersion && run_first + i != lock_page;
    };
    for (std::uint32_t begin = 0; begin < run_count;) {
      std::uint32_t end = begin;
      while (end < run_count && is_wanted(end)) ++end;
      const std::uint64_t at = std::uint64_t{run_first + begin - first} * page_size;
      if (end > begin) {
        out_.write_at(block.offset + at, ByteSpan(block.bytes).subspan(at, std::uint64_t{end - begin} * page_size));
      }
      begin = end + 1;
    }
  });
}

/// One thread copies the image: writers of one file wait for each other, and being put to sleep and woken for each
/// block costs more than the copy (1 GB in 1.1 s by two threads, in 0.6 s by one).
void Assembly::work_on_image() {
  if (image_taken_.exchange(true)) return;
  ImageSource::Block block;
  while (!failed_ && image_.next(block)) {
    throw_if_stopped();
    write_block(block);
    count(block.bytes.size());
    if (block.offset % kWriteBackBytes == 0) out_.start_write_back();
  }
}

template <class Work>
void Assembly::guarded(Work&& work) noexcept {
  try {
    work();
  } catch (...) {
    MutexLock lock(mutex_);
    if (!failed_.exchange(true)) failure_ = std::current_exception();
  }
}

void Assembly::work() noexcept {
  guarded([this] {
    // The image last: what an index has of it need not be written.
    work_on_wal();
    work_on_image();
  });
}

void Assembly::work_on_one_index() noexcept {
  guarded([this] {
    std::vector<std::byte> buffer;
    (void)take_index(buffer);
  });
}

// The end
// --------------------------------------------------------------------------------------------------------------

/// Zeroes the pages that some index cut off after their last version, and that the final size covers again.
void Assembly::drop_pages_cut_off(std::uint32_t final_pages) {
  // smallest_since[i]: the smallest size that the database had at the end of step i or later.
  std::vector<std::uint32_t> smallest_since = end_pages_;
  for (std::size_t i = smallest_since.size(); i-- > 1;) {
    smallest_since[i - 1] = std::min(smallest_since[i - 1], smallest_since[i]);
  }
  if (smallest_since.empty() || smallest_since.front() >= final_pages) return;
  const std::vector<std::byte> zeros(page_size_);
  const std::uint32_t first = smallest_since.front() + 1;
  table_.visit(first, final_pages - first + 1,
               [&](std::uint32_t run_first, const PageVersion* versions, std::uint32_t n) {
                 for (std::uint32_t i = 0; i < n; ++i) {
                   const std::size_t since = versions[i] == kSnapshotVersion ? 0 : index_ordinal_of(versions[i]);
                   if (run_first + i > smallest_since[since]) {
                     out_.write_at(std::uint64_t{run_first + i - 1} * page_size_, zeros);
                   }
                 }
               });
}

Assembled Assembly::run() {
  progress_.total_bytes = plan_.snapshot.size_bytes + plan_.wal_bytes();
  {
    std::vector<std::jthread> helpers;
    const auto grow_to = [&](unsigned threads) {
      while (helpers.size() + 1 < threads) helpers.emplace_back([this] { work(); });
    };
    const bool is_asked = options_.threads != 0;
    grow_to(is_asked ? options_.threads : std::clamp(std::thread::hardware_concurrency(), 2U, kThreadsMax));
    if (!is_asked) {
      work_on_one_index();
      if (is_remote_) grow_to(kThreadsMax);
    }
    work();
  }
  {
    MutexLock lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
  }
  Assembled done{page_size_, image_.size_bytes(), wal_frames_};
  if (!plan_.steps.empty()) {
    drop_pages_cut_off(end_pages_.back());
    done.size_bytes = std::uint64_t{end_pages_.back()} * done.page_size;
  }
  out_.resize(done.size_bytes);
  return done;
}

}  // namespace

Assembled assemble(Replicator& replicator, const RestorePlan& plan, const AssembleOptions& options, ScratchFile& out,
                   RestoreProgress& progress) {
  return Assembly(replicator, plan, options, out, progress).run();
}

}  // namespace lshost::replica
