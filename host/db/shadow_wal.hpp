#pragma once
// The local copy of committed frames: one WAL file per index that SQLite itself would accept, and its times.
//
// Owner: the database's thread. What replicas may read of it is told through the ShadowCatalog.
//
// Invariant: the file of the current index holds exactly header and frames_ frames with a valid chain, unless
//   tail_is_dirty_; what lies behind is cut off before the next append. Files of earlier indexes never change.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "db/continuity.hpp"
#include "db/live_link.hpp"
#include "db/meta_dir.hpp"
#include "db/shadow_catalog.hpp"
#include "lshost/wal.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// The end of what was captured: where capture goes on.
struct CaptureEnd {
  wal::Header header;  ///< of the current index
  std::uint64_t frames = 0;
  wal::Checksum sum;  ///< our own chain behind the last frame
  LiveLink live;      ///< where these frames are in the live log
  /// Frames of the live log that are captured.
  [[nodiscard]] std::uint64_t live_frames() const noexcept {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(frames) + live.ahead);
  }
};

/// Threads: one. Errors: Error of the file system; what was published stays as it is.
class ShadowWal {
 public:
  ShadowWal(os::Fs& fs, MetaDir meta, ShadowCatalog& catalog);

  /// Loads what an earlier run left and cuts a torn tail. Not nullopt: why there is nothing to go on with; `detail`
  /// says more. Replicas see nothing of it before reveal().
  [[nodiscard]] std::optional<NewGeneration> load(std::string& detail);
  /// After load() found nothing captured, and it is proven that there was nothing: the generation goes on from its
  /// beginning. `page_size` as for begin_generation.
  void go_on_from_nothing(std::uint32_t page_size);
  /// Begins a history: a new random name, made durable; files of earlier generations are removed.
  /// `page_size` of the database, 0 if not known.
  void begin_generation(std::uint32_t page_size);
  /// Shows the generation to replicas. Call it after the first capture.
  void reveal();
  [[nodiscard]] bool is_revealed() const noexcept { return revealed_; }

  /// The current index is finished; the next one begins with this header. The first one of a generation likewise, and
  /// one that takes the place of an index without frames.
  void begin_index(const wal::Header& header);
  /// From here on the frames of the current index are those of the live log behind a place that is not theirs. What is
  /// kept of it helps the next start only.
  void link(const LiveLink& live);
  /// Appends whole frames that continue the chain; `sum` is the chain's value behind them.
  void append(ByteSpan frames, wal::Checksum sum);
  /// The first `frames` frames of the current index may be read, committed by `now`. REQUIRES: appended, more than
  /// published before, the last one is a commit frame.
  void publish(std::uint64_t frames, UnixNanos now);
  /// Makes all that was appended durable, names included.
  void sync();
  /// Stores the last commit time, which is otherwise kept until a later one ends it. For an orderly end.
  void finish_times() noexcept;
  /// Removes files of indexes below `index`.
  void trim(std::uint64_t index);

  [[nodiscard]] const std::string& generation() const noexcept { return generation_; }
  [[nodiscard]] std::uint64_t index() const noexcept { return index_; }
  /// A sync failed, so what was appended since the last good one may not be trusted: a new generation is needed.
  [[nodiscard]] bool sync_failed() const noexcept { return sync_failed_; }
  [[nodiscard]] std::uint64_t published_frames() const noexcept { return published_frames_; }
  /// nullopt: no frame of this generation's first index was seen yet.
  [[nodiscard]] const std::optional<CaptureEnd>& end() const noexcept { return end_; }
  /// The end of what is published.
  [[nodiscard]] Position tip() const;
  [[nodiscard]] std::string current_path() const { return path_of(index_); }
  [[nodiscard]] std::unique_ptr<os::ReadableFile> open_current() const { return open_index(index_); }

  /// The first index that is still here.
  [[nodiscard]] std::uint64_t oldest_index() const;
  /// Frames of an index that are published. REQUIRES: oldest_index() <= index <= index().
  [[nodiscard]] std::uint64_t frames_of(std::uint64_t index) const;
  [[nodiscard]] std::unique_ptr<os::ReadableFile> open_index(std::uint64_t index) const;

 private:
  [[nodiscard]] std::string path_of(std::uint64_t index) const;
  [[nodiscard]] std::string live_path_of(std::uint64_t index) const;
  [[nodiscard]] std::optional<ShadowIndex> load_complete(std::uint64_t index) const;
  [[nodiscard]] std::optional<ShadowIndex> load_current(std::uint64_t index);
  [[nodiscard]] MarkSequence load_marks(std::uint64_t index, std::uint64_t end_offset, UnixNanos fallback) const;
  void remove_other_generations();
  void store_mark(const CommitMark& mark) noexcept;
  void mend_tail();

  os::Fs& fs_;
  MetaDir meta_;
  ShadowCatalog& catalog_;

  std::string generation_;
  std::uint64_t index_ = 0;
  std::uint32_t page_size_ = 0;
  std::optional<CaptureEnd> end_;
  std::unique_ptr<os::WritableFile> wal_file_;    // of index_, open while end_ is set
  std::unique_ptr<os::WritableFile> times_file_;  // may be missing after an error: times are a help, not a promise
  std::deque<ShadowIndex> loaded_;                // until reveal()
  std::uint64_t published_frames_ = 0;            // of index_
  bool revealed_ = false;
  bool tail_is_dirty_ = false;
  bool is_synced_ = true;
  bool sync_failed_ = false;
  bool names_are_synced_ = true;
};

}  // namespace lshost::db
