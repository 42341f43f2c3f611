#pragma once
// One round: the committed frames of the live log that are not in the shadow WAL yet, copied, checked and published.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "db/attachment.hpp"
#include "db/continuity.hpp"
#include "db/shadow_wal.hpp"

namespace lshost::db {

/// What a round found.
struct Round {
  enum class Kind {
    nothing_new,
    captured,
    torn,    ///< the wal-index is being written, or its writer died: look again
    broken,  ///< continuity is lost: see `reason`
  };
  Kind kind = Kind::nothing_new;
  NewGeneration reason = NewGeneration::first_start;  ///< if broken
  bool index_began = false;                           ///< the log was restarted since the last round
};

/// Copies each byte once: what was checked is what is written.
///
/// Frames up to mxFrame of the wal-index are committed, whatever their checksum says: SQLite up to 3.49.1 can publish
/// frames with a wrong one (ROLLBACK TO after a cache spill). They are known by their page number in the wal-index,
/// copied, and reported; from there on the shadow WAL carries a valid chain of its own.
///
/// Threads: the database's thread. Errors: Error{corrupt} if a frame is neither valid nor what the wal-index says;
/// errors of the file system. After an error the round can be repeated.
class Capture {
 public:
  Capture(Attachment& attachment, ShadowWal& shadow, const Clock& clock, std::string database_name);

  /// After attach: can we go on where the shadow WAL ends? nullopt: yes, and the next round() does.
  /// `stamp_holds`: see LiveLog. Throws Error{transient} if the wal-index can not be read now.
  [[nodiscard]] std::optional<NewGeneration> resume(bool stamp_holds);
  /// A generation was begun: the next round copies the log from its first frame.
  void start_over() noexcept;
  /// A bridge was built to the live log's frame that the end of the shadow WAL is linked to, whose checksum is
  /// `live_sum`; nullopt: to an empty log, so the next round copies what comes from its first frame.
  void resume_behind_bridge(const std::optional<wal::Checksum>& live_sum);

  [[nodiscard]] Round round();
  /// The log holds committed frames that a recovery would not find, and must go (checkpoint_policy.hpp).
  [[nodiscard]] bool has_wrong_checksums() const noexcept { return is_sick_; }
  /// A window was opened: from now on one restart of the log is expected.
  void expect_restart() noexcept { restart_expected_ = true; }
  /// Gives back the buffer, for databases that go idle.
  void release_buffer() noexcept;

  /// Makes captured frames durable in the shadow WAL, as must be before a restart is allowed.
  void sync_shadow() { shadow_.sync(); }
  /// Frames of the log's current lifetime that are copied; 0 if the log was restarted and nothing is copied yet.
  [[nodiscard]] std::uint64_t captured_frames(const sqlite::IndexHeader& header) const;

 private:
  void begin_index(const sqlite::IndexHeader& header);
  void copy(const sqlite::IndexHeader& header, UnixNanos committed_by);
  /// Numbers are those of the live log. Returns the number of the last commit frame among them, 0: none.
  [[nodiscard]] std::uint64_t take_frames(MutableByteSpan frames, std::uint64_t first_frame);
  void take_frame(MutableByteSpan frame, std::uint64_t number);
  void report_wrong_checksum(std::uint64_t frame);

  Attachment& attachment_;
  ShadowWal& shadow_;
  const Clock& clock_;
  std::string database_name_;
  wal::Checksum live_sum_;  // chain of the live log behind the last captured frame
  wal::Checksum own_sum_;   // ours; the same until a frame with a wrong checksum
  bool chains_differ_ = false;
  bool is_sick_ = false;  // a frame of the live log has a wrong checksum
  bool wrong_checksum_reported_ = false;
  // A restart seen while this is false was not ours to allow. Cleared by a round that, guarded, sees the log it knows.
  bool restart_expected_ = false;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t buffer_size_ = 0;
};

}  // namespace lshost::db
