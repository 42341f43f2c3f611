#include "worker.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "snapshot_file.hpp"
#include "stored_wal.hpp"

namespace lshost::file {
namespace {

using std::chrono::milliseconds;

/// Runs of WAL are put together up to this size before one sync: a busy database needs fewer syncs, an idle one does
/// not wait for anything.
constexpr std::uint64_t kBatchBytes = 8 << 20;
constexpr std::size_t kCopyBytes = std::size_t{128} << 10;
constexpr std::size_t kIdleBufferBytes = std::size_t{32} << 10;
constexpr milliseconds kFirstPause(100);
constexpr milliseconds kLongestPause(30'000);
constexpr std::chrono::seconds kBaseCheckInterval(1);

/// False: the stream ends before.
bool read_fully(Source& source, std::span<std::byte> into) {
  while (!into.empty()) {
    const std::size_t count = source.Read(into);
    if (count == 0) return false;
    into = into.subspan(count);
  }
  return true;
}

}  // namespace

Worker::Worker(Context ctx, const Destination& destination)
    : ctx_(ctx), destination_(destination), random_(std::random_device{}()) {}

// ---- the loop ----

void Worker::run() {
  try {
    for (;;) wait(turn());
  } catch (const Cancelled&) {
    stop();
    state(ReplicaState::Stopped);
  }
}

void Worker::stop() {
  stopped_ = true;
  const std::lock_guard hold(work_);
  close_files();
  snapshotting_ = false;
}

Worker::Turn Worker::turn() {
  const std::lock_guard hold(work_);
  throw_if_stopped();
  try {
    Turn done{.seen = round(), .pause = {}};
    failures_ = 0;
    buffer_.shrink(kIdleBufferBytes);
    return done;
  } catch (const Gone&) {
    return gone();
  } catch (const Error& e) {
    return failed(e, e.RetryAfter());
  } catch (const std::exception& e) {
    return failed(e, milliseconds(0));
  }
}

void Worker::wait(const Turn& turn) const {
  if (!turn.pause) {
    (void)ctx_.Wait(turn.seen);
  } else if (turn.pause->count() > 0) {
    ctx_.Sleep(*turn.pause);
  }
}

Worker::Turn Worker::failed(const std::exception& failure, milliseconds at_least) {
  close_files();
  generation_.clear();  // what is at the destination decides how it goes on, not what we remember
  snapshotting_ = false;
  ctx_.Failed(failure);
  state(ReplicaState::BackOff, failure.what());
  return {.seen = {}, .pause = std::max(back_off(), at_least)};
}

Worker::Turn Worker::gone() {
  ctx_.Warn("the host no longer has the WAL behind the replica's position; a new snapshot is needed",
            {{"position", next_}});
  close_files();
  base_.reset();
  next_ = {};
  // At once for the first time. If the host takes each snapshot back, too, it needs a rest.
  if (failures_ == 0) {
    ++failures_;
    return {.seen = {}, .pause = milliseconds(0)};
  }
  return {.seen = {}, .pause = back_off()};
}

milliseconds Worker::back_off() {
  const auto doublings = std::min<std::uint32_t>(failures_, 16);
  ++failures_;
  const auto longest = std::min(kLongestPause, kFirstPause * (std::int64_t{1} << doublings));
  std::uniform_int_distribution<milliseconds::rep> spread(longest.count() / 2, longest.count());
  return milliseconds(spread(random_));
}

Position Worker::round() {
  const auto status = ctx_.Status();  // before the copy
  if (!status) {
    snapshotting_ = false;
    state(ReplicaState::Waiting, "no generation, waiting for data");
    return {};
  }
  if (status->tip.generation != generation_) open(*status);
  snapshotting_ = false;
  bool more = true;
  while (more) {
    if (!base_ || ctx_.SnapshotDue()) snapshot();
    if (!base_) return status->tip;  // the database has moved on to another generation: see there
    if (state_ != ReplicaState::Streaming) state(ReplicaState::CatchUp);
    more = ship_batch();
    if (more) state(ReplicaState::CatchUp);
    throw_if_stopped();
  }
  if (follows_at_once(status->tip)) {  // an index has begun that has no WAL yet
    next_index(status->tip);
    report();
  }
  state(ReplicaState::Streaming);
  return status->tip;
}

// ---- where the destination stands ----

void Worker::open(const DatabaseStatus& status) {
  const std::string generation = status.tip.generation;
  close_files();
  base_.reset();
  next_ = {};
  generation_.clear();
  snapshotting_ = true;
  state(ReplicaState::Starting);
  if (!is_generation(generation)) {
    throw Error(LSHOST_E_UNSUPPORTED, "generation '" + generation + "' is not 16 lowercase hex digits");
  }
  destination_.prepare(generation);
  if (const auto removed = destination_.remove_unfinished()) {
    ctx_.Info("removed unfinished files of an earlier run", {{"count", removed}});
  }

  const Inventory found = destination_.inventory(generation);
  for (const auto& oddity : found.oddities) ctx_.Warn(oddity);
  if (!found.snapshots.empty()) base_ = found.snapshots.back();
  next_ = find_position(generation, found);
  check_history(next_);
  // All of an index is there, and the host is in a later one: the beginning of the next is the same place.
  if (status.tip.index > next_.index && is_complete(next_)) {
    close_files();
    next_ = {generation, next_.index + 1, 0};
  }
  if (base_) {
    const std::string gap = destination_.gap(*base_, next_.index);
    if (!gap.empty()) {
      ctx_.Warn("the replica has a gap, a new snapshot is needed: " + gap);
      base_.reset();
    }
  }
  generation_ = generation;
  ctx_.Info("position at the destination", {{"position", next_}, {"snapshot", base_ ? "yes" : "no"}});
  report();
}

Position Worker::find_position(const std::string& generation, const Inventory& found) {
  if (found.wals.empty() || (base_ && found.wals.back() < base_->index)) {
    return base_ ? Position{generation, base_->index, 0} : Position{};
  }
  const std::uint64_t index = found.wals.back();
  auto resumed = WalFile::resume(destination_.disk(), destination_.layout(), generation, index);
  if (const auto* damaged = std::get_if<WalFile::Damaged>(&resumed)) {
    ctx_.Warn("damage at the destination; the file is kept as *.damaged, and its index is stored anew",
              {{"why", damaged->why}});
    destination_.set_aside_wal(generation, index);
    return {generation, index, 0};
  }
  if (std::holds_alternative<WalFile::Nothing>(resumed)) return {generation, index, 0};
  wal_ = std::move(std::get<WalFile>(resumed));
  return {generation, index, wal_->end()};
}

/// Positions tell nothing of content: of two clones of a machine, both count on from the same one. The last frame does,
/// because its checksum is of all frames before it.
void Worker::check_history(const Position& at) const {
  const auto stored = last_frame(destination_.disk(), destination_.layout(), at);
  if (stored.empty()) return;
  try {
    auto run = ctx_.OpenWal({at.generation, at.index, at.offset - stored.size()});
    std::vector<std::byte> own(stored.size());
    if (run && run->start.index == at.index && read_fully(run->bytes, own) && own == stored) return;
  } catch (const Gone&) {
    return;  // the host no longer has it
  }
  ctx_.Warn(
      "the replica holds other WAL than the host at its position: a copy of this database wrote to it, or local state "
      "was set back; a new generation is asked for",
      {{"position", at}});
  // Who asks for what lies ahead of the host is of another history, so it begins a new generation.
  (void)ctx_.OpenWal({at.generation, INT64_MAX, 0});
  throw Gone();
}

bool Worker::is_complete(const Position& at) const {
  if (at.IsNone()) return false;
  const auto stored = look_at_wal(destination_.disk(), destination_.layout(), at.generation, at.index);
  return stored && stored->complete && stored->damage.empty() && stored->end == at.offset;
}

void Worker::start_at(std::uint64_t index) {
  close_files();
  // Whatever lies there from this index on is of a history that the host does not know.
  const Inventory found = destination_.inventory(generation_);
  for (const auto other : found.wals) {
    if (other < index) continue;
    ctx_.Warn("the WAL of an index can not be continued; it is kept as *.damaged", {{"index", other}});
    destination_.set_aside_wal(generation_, other);
  }
  for (const auto& other : found.snapshots) {
    if (other.index >= index) destination_.set_aside_snapshot(generation_, other.index);
  }
  next_ = {generation_, index, 0};
}

void Worker::close_files() noexcept {
  if (!wal_) return;
  try {
    wal_->close();
  } catch (const std::exception&) {
    // The journal is shorter than it could be; the WAL's own checksums make up for it.
  }
  wal_.reset();
}

void Worker::check_base() {
  const auto now = std::chrono::steady_clock::now();
  if (now - base_checked_ < kBaseCheckInterval) return;
  base_checked_ = now;
  if (destination_.snapshot(generation_, base_->index)) return;
  throw Error(LSHOST_E_NOT_FOUND,
              destination_.layout().file(Kind::snapshot, generation_, base_->index) +
                  " was removed or changed while the replica needs it",
              LSHOST_ERR_RETRYABLE);
}

// ---- carrying ----

void Worker::snapshot() {
  const auto tell_existing = [&] { ctx_.SnapshotDone({generation_, base_->index, base_->offset}, base_->size_bytes); };
  const auto status = ctx_.Status();  // the one of this round may be old by now
  if (!status || status->tip.generation != generation_) return;
  if (base_ && base_->index == status->tip.index) return tell_existing();
  auto image = ctx_.OpenSnapshot();
  if (!image || image->position.generation != generation_) return;
  const Position at = image->position;
  if (base_ && base_->index == at.index) return tell_existing();
  if (!base_ && next_.index != at.index) next_ = {};  // WAL before the snapshot leads nowhere without an older one
  if (next_.IsNone()) start_at(at.index);

  state(ReplicaState::Snapshot);
  snapshotting_ = true;
  SnapshotFile file(destination_.disk(), destination_.layout(), std::move(*image));
  const auto ship = [&] {
    try {
      return ship_batch();
    } catch (const Gone&) {
      if (next_.index >= at.index) throw;
      base_.reset();  // the WAL before the image is gone; from the image's index on it is kept for us
      start_at(at.index);
      return true;
    }
  };
  while (file.copy_some()) {
    throw_if_stopped();
    (void)ship();  // a large snapshot must not keep commits waiting
  }
  // A snapshot gets its name when the WAL beside it reaches its position: put together by hand, the two are right.
  while (!(next_ >= at) && ship()) throw_if_stopped();
  if (follows_at_once(at)) next_index(at);
  if (!(next_ >= at)) {
    throw Error(LSHOST_E_INTERNAL,
                "the host has a snapshot at " + at.ToString() + ", but its WAL ends at " + next_.ToString(),
                LSHOST_ERR_RETRYABLE);
  }
  file.publish();
  base_ = file.info();
  snapshotting_ = false;
  ctx_.Info("snapshot stored", {{"position", at}, {"bytes", base_->size_bytes}});
  ctx_.SnapshotDone(at, base_->size_bytes);
  report();
}

/// Copies what there is, up to a bound, makes it durable and reports it. False: that was all there is.
bool Worker::ship_batch() {
  bool more = true;
  for (std::uint64_t size = 0; more && size < kBatchBytes;) {
    std::optional<Wal> run;
    try {
      run = ctx_.OpenWal(next_);
    } catch (const Gone&) {
      flush();  // what was copied before is good
      throw;
    }
    more = run.has_value();
    if (!more) break;
    if (run->start != next_) next_index(run->start);
    append(*run);
    size += run->end.offset - run->start.offset;
  }
  flush();
  return more;
}

void Worker::append(Wal& run) {
  if (wal_ && wal_->index() != next_.index) {
    throw Error(LSHOST_E_INTERNAL, "the WAL file of another index than " + next_.ToString() + " is open");
  }
  if (!wal_) wal_ = WalFile::begin(destination_.disk(), destination_.layout(), generation_, next_.index);
  std::uint64_t left = run.end.offset - run.start.offset;
  const auto into = buffer_.get(static_cast<std::size_t>(std::min<std::uint64_t>(left, kCopyBytes)), kCopyBytes);
  while (left > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, into.size()));
    const std::size_t count = run.bytes.Read(into.first(want));
    if (count == 0) {
      throw Error(LSHOST_E_INTERNAL, "the WAL that the host gave ends before " + run.end.ToString(),
                  LSHOST_ERR_RETRYABLE);
    }
    wal_->append(into.first(count));
    left -= count;
  }
  wal_->committed({run.end.offset, run.commit_ns, run.index_complete});
  next_ = run.end;
}

/// True if `at` is the beginning of the index behind the one that we are at the end of.
bool Worker::follows_at_once(const Position& at) const {
  return at.generation == next_.generation && at.index == next_.index + 1 && at.offset == 0;
}

/// The host went on to the next index, so the one before is finished.
void Worker::next_index(const Position& start) {
  if (start.generation != generation_ || start.index != next_.index + 1 || start.offset != 0) {
    throw Error(LSHOST_E_INTERNAL, "the host gave WAL from " + start.ToString() + " after " + next_.ToString(),
                LSHOST_ERR_RETRYABLE);
  }
  if (wal_) {
    wal_->complete();
    close_files();
  }
  next_ = start;
}

void Worker::flush() {
  if (!wal_) return;
  wal_->flush();
  if (base_) check_base();
  report();
}

void Worker::report() const {
  if (base_ && next_ >= Position{generation_, base_->index, base_->offset}) ctx_.Durable(next_);
}

// ---- odds and ends ----

void Worker::throw_if_stopped() const {
  if (stopped_) throw Cancelled{};
  ctx_.ThrowIfStopping();
}

void Worker::state(ReplicaState state, const std::string& detail) {
  if (state_ == state && state_detail_ == detail) return;
  state_ = state;
  state_detail_ = detail;
  ctx_.State(state, detail);
}

}  // namespace lshost::file
