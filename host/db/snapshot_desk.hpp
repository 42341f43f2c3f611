#pragma once
// Gives out images of a database while the host is attached to it, and takes them back.
//
// As long as one is out the backfill is frozen: nothing moves into the database file that it is read from, and the log
// grows. So whoever needs the log to go on, or begins another generation, takes all of them back.

#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "db/attachment.hpp"
#include "db/history.hpp"
#include "db/snapshot_source.hpp"

namespace lshost::db {

/// Ownership: borrows all that it is made with. What it gave reads through the attachment until it is taken back.
/// Threads:   the database's thread; a pin that it gave, from any.
class SnapshotDesk {
 public:
  SnapshotDesk(Attachment& attachment, History& history, const Clock& clock);
  /// Takes back what is still out.
  ~SnapshotDesk();
  SnapshotDesk(const SnapshotDesk&) = delete;
  SnapshotDesk& operator=(const SnapshotDesk&) = delete;

  /// An image of everything that is committed now. It is out until release() or revoke_all().
  /// Throws Error{transient} if somebody keeps checkpointing for 5 s, Error{corrupt} if there is no page size or the
  /// shadow WAL was cut, and what capturing throws; then nothing is out.
  [[nodiscard]] SnapshotGrant grant();
  /// It was read, or is not wanted any more. Does nothing for what was taken back before.
  void release(const std::shared_ptr<SnapshotPin>& pin) noexcept;
  /// Their readers get Error{gone} from now on. Waits for a read that is going on.
  void revoke_all() noexcept;
  [[nodiscard]] bool is_any_out() const noexcept { return !pins_.empty(); }

 private:
  void freeze();
  [[nodiscard]] SnapshotGrant describe() const;

  Attachment& attachment_;
  History& history_;
  const Clock& clock_;
  std::vector<std::shared_ptr<SnapshotPin>> pins_;  // the backfill is frozen once for each
};

}  // namespace lshost::db
