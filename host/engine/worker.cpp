#include "engine/worker.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/clock.hpp"

namespace lshost::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookWhileSnapshotDue(10);  // the host's wait returns at once as long as a snapshot is due

bool is_generation(const std::string& name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// `at` is the beginning of the index behind the one that ends at `end`.
bool follows_at_once(const Position& end, const Position& at) {
  return at.generation == end.generation && at.index == end.index + 1 && at.offset == 0;
}

/// The host's image is of no use any more.
class SnapshotAborted : public std::exception {};

}  // namespace

Worker::Worker(Context ctx, Store& store, const Settings& settings)
    : ctx_(ctx),
      store_(store),
      settings_(settings),
      activity_(std::make_shared<Activity>(ctx)),
      reporter_(ctx),
      reader_(store, settings, Reading::listed, [this] { activity_->throw_if_stopped(); }),
      uploader_(ctx, store, settings, *activity_, reporter_),
      helpers_(std::make_shared<Helpers>(ctx, activity_)) {}

// ---- the loop ----

void Worker::run() {
  try {
    for (;;) wait(turn());
  } catch (const Cancelled&) {
    stop();
    reporter_.state(ReplicaState::Stopped);
  }
}

void Worker::stop() {
  helpers_->stop();
  activity_->stop();
  looking_ = false;
}

Worker::Turn Worker::turn() {
  const Activity::Busy busy(*activity_);
  activity_->throw_if_stopped();
  try {
    const Turn done = round();
    failures_ = 0;
    return done;
  } catch (const Gone&) {
    return gone();
  } catch (const std::exception& e) {
    return failed(e);
  }
}

void Worker::wait(const Turn& turn) {
  if (!turn.pause) {
    (void)ctx_.Wait(turn.seen);
  } else if (turn.pause->count() > 0) {
    ctx_.Sleep(*turn.pause);
  }
  if (activity_->is_stopped()) throw Cancelled{};
}

Worker::Turn Worker::failed(const std::exception& failure) {
  generation_.clear();  // what is at the destination decides how it goes on
  looking_ = false;
  const auto rest = reporter_.failed(failure, failures_++);
  activity_->pause(rest);
  return {.seen = {}, .pause = milliseconds(0)};
}

Worker::Turn Worker::gone() {
  Position at;
  {
    const std::lock_guard hold(mutex_);
    at = next_;
  }
  ctx_.Warn("the host no longer has the WAL behind the replica's position; a new snapshot is needed",
            {{"position", at}});
  generation_.clear();
  is_lost_ = true;
  // At once for the first time. If the host takes each snapshot back, too, it needs a rest.
  const auto rest = failures_ == 0 ? milliseconds(0) : rest_after(Error::Retryable("gone"), failures_, 0);
  ++failures_;
  return {.seen = {}, .pause = rest};
}

Worker::Turn Worker::round() {
  const auto status = ctx_.Status();  // before the copy
  if (!status) {
    looking_ = false;
    reporter_.state(ReplicaState::Waiting, "no generation, waiting for data");
    return {};
  }
  if (status->tip.generation != generation_) open(*status);
  looking_ = false;
  if (!has_base()) take_snapshot(generation_);
  if (!has_base()) return {.seen = status->tip, .pause = {}};  // the database has moved on to another generation
  if (ctx_.SnapshotDue()) begin_due_snapshot(*status);
  const auto rest = ship(*status);
  if (snapshots_going_on_ == 0) {
    if (!rest) reporter_.state(ReplicaState::Streaming);
    return {.seen = status->tip, .pause = rest};
  }
  return {.seen = status->tip, .pause = std::min(rest.value_or(kLookWhileSnapshotDue), kLookWhileSnapshotDue)};
}

// ---- where the destination stands ----

void Worker::open(const DatabaseStatus& status) {
  const std::string generation = status.tip.generation;
  end_snapshots();
  generation_.clear();
  previous_end_ = {};
  looking_ = true;
  reporter_.state(ReplicaState::Starting);
  if (!is_generation(generation)) {
    throw Error(LSHOST_E_UNSUPPORTED, "generation '" + generation + "' is not 16 lowercase hex digits");
  }
  Standing standing = look(generation);
  for (const auto& oddity : standing.oddities) ctx_.Warn(oddity);
  check_history(standing);
  // All of an index is there, and the host is in a later one: the beginning of the next is the same place.
  if (standing.is_complete && status.tip.index > standing.next.index) {
    previous_end_ = standing.next;
    standing.next = {generation, standing.next.index + 1, 0};
  }
  if (std::exchange(is_lost_, false)) {
    standing.base.reset();
    standing.next = {};
    previous_end_ = {};
  }
  unfinished_ = std::move(standing.unfinished);
  {
    const std::lock_guard hold(mutex_);
    base_ = standing.base;
    floor_ = standing.base ? standing.base->position : Position{};
    next_ = {};
  }
  ctx_.Info("position at the destination", {{"position", standing.next}, {"snapshot", standing.base ? "yes" : "no"}});
  move_to(standing.next);
  generation_ = generation;
}

Standing Worker::look(const std::string& generation) {
  found_ = take_inventory(store_.list(generation_prefix(generation)))[generation];
  if (settings_.is_encrypted() && !settings_.identities) {
    Standing standing;
    if (!found_.is_empty()) {
      standing.oddities.emplace_back(
          "objects at the destination are encrypted and there is no key in age-identities to look into them; "
          "the replica goes on with a new snapshot");
    }
    return standing;
  }
  return find_standing(generation, found_, reader_);
}

/// Positions tell nothing of content: of two clones of a machine, both count on from the same one.
void Worker::check_history(const Standing& standing) const {
  if (!standing.last || has_bytes_of(ctx_, *standing.last).value_or(true)) return;
  ctx_.Warn(
      "the replica holds other WAL than the host at its position: a copy of this database wrote to it, or local state "
      "was set back; a new generation is asked for",
      {{"position", standing.next}});
  // Who asks for what lies ahead of the host is of another history, so it begins a new generation.
  (void)ctx_.OpenWal({standing.next.generation, INT64_MAX, 0});
  throw Gone();
}

/// The WAL of `index` is to be stored from its beginning.
void Worker::start_at(std::uint64_t index) {
  unfinished_.clear();
  previous_end_ = {};
  for (const auto& [other, segments] : found_.wals) {
    if (other < index) continue;
    for (const auto& [offset, segment] : segments) unfinished_.push_back(segment.key);
  }
  if (!unfinished_.empty()) {
    ctx_.Warn("the WAL of an index can not be continued; it is stored anew",
              {{"index", index}, {"objects", unfinished_.size()}});
  }
  if (index > 0 && found_.find_wal(index - 1) != nullptr) uploader_.put_empty(break_key(generation_, index - 1));
  move_to({generation_, index, 0});
}

// ---- snapshots ----

bool Worker::has_base() const {
  const std::lock_guard hold(mutex_);
  return base_.has_value();
}

/// A snapshot that is due. WAL goes on meanwhile, where the store can do both.
void Worker::begin_due_snapshot(const DatabaseStatus& status) {
  if (snapshots_going_on_ > 0) return;
  {
    const std::lock_guard hold(mutex_);
    if (base_->position.index == status.tip.index) return ctx_.SnapshotDone(base_->position, base_->size);
  }
  if (!store_.is_parallel()) return take_snapshot(generation_);
  ++snapshots_going_on_;
  const auto done = [self = shared_from_this()] {
    const std::lock_guard hold(self->mutex_);
    --self->snapshots_going_on_;
    self->snapshot_ended_.notify_all();
  };
  try {
    helpers_->run([this, done, self = shared_from_this(), generation = generation_] {
      try {
        take_snapshot(generation);
      } catch (...) {
        done();
        throw;
      }
      done();
    });
  } catch (...) {
    done();
    throw;
  }
}

/// Returns when there is one, or when `generation` has ended.
void Worker::take_snapshot(const std::string& generation) {
  reporter_.state(ReplicaState::Snapshot);
  ++snapshots_going_on_;
  const std::shared_ptr<void> going_on(nullptr, [this](void*) { --snapshots_going_on_; });
  std::set<std::string> tried;  // keys; a store may have left something under those that failed
  for (std::uint32_t failures = 0;; ++failures) {
    milliseconds rest{};
    try {
      try_snapshot(generation, tried);
      return uploader_.remove(std::vector<std::string>(tried.begin(), tried.end()));
    } catch (const SnapshotAborted&) {
      return;
    } catch (const Gone&) {
      ctx_.Warn("the host took the snapshot back, because its WAL grew too large meanwhile; it is taken again");
      rest = rest_after(Error::Retryable("gone"), failures, 0);
    } catch (const std::exception& e) {
      rest = reporter_.failed(e, failures);
    }
    activity_->pause(rest);
    reporter_.state(ReplicaState::Snapshot);
  }
}

/// A key that was stored is taken out of `tried` again.
void Worker::try_snapshot(const std::string& generation, std::set<std::string>& tried) {
  const auto check = [this] {
    activity_->throw_if_stopped();
    if (abort_snapshots_) throw SnapshotAborted{};
  };
  check();
  const auto status = ctx_.Status();
  if (!status || status->tip.generation != generation) return;
  auto image = ctx_.OpenSnapshot();
  if (!image || image->position.generation != generation) return;
  {
    const std::lock_guard hold(mutex_);
    if (base_ && base_->position.index == image->position.index) {
      return ctx_.SnapshotDone(base_->position, base_->size);
    }
  }
  const std::string key = uploader_.snapshot_key(image->position);
  tried.insert(key);
  const Base base{image->position, uploader_.try_snapshot(*image, check)};
  tried.erase(key);
  image->bytes.Close();
  reader_.forget(key);
  snapshot_stored(base);
}

void Worker::snapshot_stored(const Base& base) {
  bool is_first = false;
  Position next;
  {
    const std::lock_guard hold(mutex_);
    is_first = !base_.has_value();
    next = next_;
    base_ = base;
    if (is_first) floor_ = base.position;
  }
  ctx_.Info("snapshot stored", {{"position", base.position}, {"bytes", base.size}});
  ctx_.SnapshotDone(base.position, base.size);
  if (!is_first) return;
  // In the loop's thread: while there is no base, no snapshot goes on beside it.
  const bool is_on_its_way = !next.IsNone() && next.index == base.position.index;
  is_on_its_way ? move_to(next) : start_at(base.position.index);
}

/// Returns when no snapshot is going on beside the loop.
void Worker::end_snapshots() {
  abort_snapshots_ = true;
  {
    std::unique_lock hold(mutex_);
    constexpr milliseconds kLook(50);  // one that a stop keeps from beginning does not end either
    while (!snapshot_ended_.wait_for(hold, kLook, [this] { return snapshots_going_on_ == 0; })) {
      activity_->throw_if_stopped();
    }
  }
  abort_snapshots_ = false;
}

// ---- WAL ----

/// Stores what there is. What it returns: how long to rest before the next segment, because it would be too soon.
std::optional<milliseconds> Worker::ship(const DatabaseStatus& status) {
  const unsigned parallel = store_.is_parallel() ? settings_.parallel_uploads : 1;
  UploadWindow window(uploader_, *helpers_, parallel, [this](const Segment& segment) { stored(segment); });
  Position at;
  {
    const std::lock_guard hold(mutex_);
    at = next_;
  }
  Position tip = status.tip;
  bool is_behind = false;  // by more than one segment
  for (;;) {
    activity_->throw_if_stopped();
    if (const auto rest = rest_before(at, tip)) {
      window.drain();
      return rest;
    }
    auto segment = collect(ctx_, at, settings_.segment_size);
    if (!segment) break;
    if (segment->start != at && !follows_at_once(at, segment->start)) {
      throw Error(LSHOST_E_INTERNAL, "the host gave WAL from " + segment->start.ToString() + " after " + at.ToString(),
                  LSHOST_ERR_RETRYABLE);
    }
    if (snapshots_going_on_ == 0 && (is_behind || reporter_.last_state() != ReplicaState::Streaming)) {
      reporter_.state(ReplicaState::CatchUp);
    }
    is_behind = true;
    if (segment->start != at) previous_end_ = at;
    if (follows_at_once(previous_end_, segment->start)) segment->previous_end = previous_end_.offset;
    if (segment->start.offset == 0) window.drain();
    prepare_for(segment->start);
    at = segment->end;
    shipped_ = std::chrono::steady_clock::now();
    window.submit(*std::move(segment));
    if (at.index == tip.index && at.offset >= tip.offset) {
      const auto now = ctx_.Status();
      if (now && now->tip.generation == tip.generation) tip = now->tip;
    }
  }
  window.drain();
  if (follows_at_once(at, status.tip)) {  // an index has begun that has no WAL yet
    previous_end_ = at;
    move_to(status.tip);
  }
  return std::nullopt;
}

/// Full segments are never too soon.
std::optional<milliseconds> Worker::rest_before(const Position& at, const Position& tip) const {
  if (!shipped_ || settings_.sync_interval.count() == 0) return std::nullopt;
  const bool is_there = at == tip || at.index != tip.index || tip.offset - at.offset >= settings_.segment_size;
  if (is_there) return std::nullopt;
  const auto due = *shipped_ + settings_.sync_interval;
  const auto now = std::chrono::steady_clock::now();
  if (now >= due) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(due - now) + milliseconds(1);
}

/// What has to be out of the way before the next segment is put.
void Worker::prepare_for(const Position& start) {
  if (!unfinished_.empty()) {
    ctx_.Warn("removing objects of unfinished uploads", {{"position", start}, {"objects", unfinished_.size()}});
    uploader_.remove(unfinished_);
    unfinished_.clear();
  }
  found_ = {};
}

void Worker::stored(const Segment& segment) {
  move_to(segment.end);
  const auto age = system_clock().unix_now() - segment.commit_runs.back().commit_ns;
  ctx_.Observe("replication_lag_seconds", std::max(0.0, static_cast<double>(age) / 1e9));
}

void Worker::move_to(const Position& next) {
  const std::lock_guard hold(mutex_);
  next_ = next;
  if (base_ && next_ >= floor_) ctx_.Durable(next_);
}

}  // namespace lshost::engine
