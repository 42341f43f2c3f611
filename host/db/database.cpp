#include "db/database.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "base/backoff.hpp"
#include "base/random_id.hpp"
#include "obs/log.hpp"

namespace lshost::db {

namespace {

/// After a hint the wal-index is looked at again after 20 us, 80 us, ... 0.3 s, and then left to the slow poll: the
/// event comes before the commit is published (with a sync in between if the application wants that), and no second one
/// follows.
constexpr std::chrono::nanoseconds kFirstLook = std::chrono::microseconds(20);
constexpr std::uint32_t kLooks = 8;
/// A log that grows in each of so many rounds is not watched any more: each write would cost its writer and us an event
/// that tells nothing new. It is looked at instead, until as many looks as kBusyLooks (about 2 ms) found nothing.
constexpr std::uint32_t kBusyCaptures = 16;
constexpr std::uint32_t kBusyLooks = 4;
/// What no event told is found within so many seconds. For a thousand idle databases the look at their wal-indexes,
/// each a page that is in no cache, is all that lshost does.
constexpr std::uint32_t kPollTicks = 5;
/// A window that should end and can not yet, a lock that somebody holds for a moment.
constexpr std::chrono::milliseconds kRetrySoon(5);
/// A wal-index that stays unreadable for this long has a dead writer.
constexpr std::chrono::milliseconds kTornPatience(3);
constexpr std::chrono::seconds kFreezePatience(5);
constexpr Backoff kAttachBackoff{std::chrono::milliseconds(50), std::chrono::milliseconds(5000)};
constexpr Backoff kFailureBackoff{std::chrono::milliseconds(100), std::chrono::milliseconds(5000)};

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

void name_this_thread(const std::string& name) {
  (void)::pthread_setname_np(::pthread_self(), ("db:" + name).substr(0, 15).c_str());
}

}  // namespace

std::string_view to_string(DatabaseState state) noexcept {
  switch (state) {
    case DatabaseState::starting:
      return "starting";
    case DatabaseState::waiting:
      return "waiting";
    case DatabaseState::replicating:
      return "replicating";
    case DatabaseState::failing:
      return "failing";
    case DatabaseState::stopped:
      return "stopped";
  }
  return "unknown";
}

Database::Database(DatabaseOptions options, os::Fs& fs, os::FileWatcher& watcher, const Clock& clock)
    : options_(std::move(options)), name_(file_name(options_.path)), fs_(fs), watcher_(watcher), clock_(clock) {}

Database::~Database() {
  stop();
  MutexLock lock(feeds_mutex_);
  LSHOST_ASSERT(feeds_.empty());
}

std::unique_ptr<Feed> Database::subscribe(const std::string& replica) {
  FeedOwner& owner = *this;
  auto feed = std::make_unique<ReplicaFeed>(replica, fs_, catalog_, owner, [this](ReplicaFeed* gone) {
    MutexLock lock(feeds_mutex_);
    std::erase(feeds_, gone);
  });
  MutexLock lock(feeds_mutex_);
  feeds_.push_back(feed.get());
  return feed;
}

void Database::start() {
  inbox_.open();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Database::stop() {
  thread_.request_stop();
  wake_up_.notify();
  if (thread_.joinable()) thread_.join();
}

DatabaseStatus Database::status() const {
  MutexLock lock(status_mutex_);
  DatabaseStatus status = status_;
  if (const auto feed_status = catalog_.status()) status.tip = feed_status->tip;
  return status;
}

std::optional<Position> Database::capture_now() {
  std::optional<Position> tip;
  const bool ran = inbox_.run_and_wait([&] {
    if (!attachment_) return;
    capture_committed();
    tip = shadow_->tip();
  });
  return ran ? tip : std::nullopt;
}

// ---- what feeds ask for ----

std::optional<SnapshotGrant> Database::grant_snapshot() {
  std::optional<SnapshotGrant> grant;
  if (!inbox_.run_and_wait([&] { grant = make_grant(); })) throw Error(ErrorCode::cancelled, "the database is stopped");
  return grant;
}

void Database::release_snapshot(const std::shared_ptr<SnapshotPin>& pin) noexcept {
  inbox_.post([this, pin] {
    // Taken back before: then it holds nothing any more.
    if (std::erase(pins_, pin) > 0 && attachment_) attachment_->guard().unfreeze();
  });
}

void Database::hold_changed() noexcept {
  inbox_.post([this] { trim(); });
}

void Database::replica_is_ahead() noexcept { wake(); }

// ---- the thread ----

void Database::run(const std::stop_token& stop) {
  name_this_thread(name_);
  poll_ticks_ = static_cast<std::uint32_t>(random_u64() % kPollTicks);  // not all databases at once
  poll_watch_ = watcher_.every_second([this] { poll(); });
  while (!stop.stop_requested()) {
    try {
      inbox_.run_all();
      if (attachment_ || try_attach()) {
        serve_once(stop);
      } else {
        const auto pause = kAttachBackoff.delay(waits_++, random_u64());
        pause_for(std::chrono::milliseconds(10));  // a storm of events is looked at once in a while only
        (void)wake_up_.wait_for(stop, pause);
      }
    } catch (const Error& e) {
      handle(e, stop);
    } catch (const std::exception& e) {
      handle(Error(ErrorCode::internal, e.what()), stop);
    }
  }
  poll_watch_.reset();
  name_watch_.reset();
  inbox_.close();
  if (stamps_) stamps_->keep_last(shadow_->tip());
  detach();
  set_state(DatabaseState::stopped, "");
}

void Database::serve_once(const std::stop_token& stop) {
  if (hint_.exchange(false)) idle_looks_ = 0;
  const bool captured = capture_round();
  leave_window_if_done();
  if (catalog_.take_ahead()) begin_generation(NewGeneration::replica_ahead);
  checkpoint_if_due();
  follow_pace(captured);
  if (captured) keep_within_limits();
  failures_ = 0;
  set_state(DatabaseState::replicating, "");
  if (!captured) sleep_until_something(stop);
}

bool Database::try_attach() {
  const std::string directory = os::parent_directory(options_.path);
  const auto wait_because = [&](NotAttachable reason, const std::string& detail) {
    set_state(DatabaseState::waiting, std::string(to_string(reason)) + (detail.empty() ? "" : " (" + detail + ")"));
    return false;
  };
  // A watch stays with its directory when that is renamed or removed, so each attempt watches what has the name now.
  name_watch_.reset();
  if (!fs_.stat("attach", directory)) return wait_because(NotAttachable::missing, "");
  watch_names(os::NameEvents::names_and_writes);
  if (!fs_.stat("attach", options_.path)) return wait_because(NotAttachable::missing, "");
  const MetaDir meta(options_.meta_path);
  fs_.create_directories("attach", meta.path(), 0700);
  lock_ = try_lock(meta).value_or(UniqueFd());
  if (!lock_) return wait_because(NotAttachable::other_host, meta.lock_file() + " is locked");
  auto outcome = Attachment::attach(fs_, options_.path, options_.exclusive_checkpoints);
  if (!outcome.attachment) {
    lock_.reset();
    return wait_because(outcome.why_not, outcome.detail);
  }
  attachment_ = std::move(outcome.attachment);
  try {
    open_history();
    watch_names(os::NameEvents::names);
    watch_log();
  } catch (...) {
    detach();
    throw;
  }
  {
    MutexLock lock(poll_mutex_);
    polled_index_ = &attachment_->index();
    polled_.reset();
  }
  attachment_->guard().hold_checkpoint_lock();
  waits_ = 0;
  idle_looks_ = 0;
  return true;
}

void Database::watch_names(os::NameEvents events) {
  name_watch_ = watcher_.watch_name(os::parent_directory(options_.path), name_, events, [this] {
    names_changed_ = true;
    wake();
  });
}

void Database::watch_log() {
  captures_ = 0;
  log_watch_ = watcher_.watch_file(options_.path + "-wal", [this] { wake(); });
}

void Database::follow_pace(bool captured) {
  if (captured) {
    if (++captures_ >= kBusyCaptures) log_watch_.reset();
    if (!log_watch_) idle_looks_ = 0;
  } else if (idle_looks_ == kBusyLooks) {
    captures_ = 0;
    if (attachment_ && !log_watch_) {
      watch_log();
      idle_looks_ = 0;  // once more from the start: what came before the watch gave no event
    }
  }
}

void Database::open_history() {
  shadow_ = std::make_unique<ShadowWal>(fs_, MetaDir(options_.meta_path), catalog_);
  capture_ = std::make_unique<Capture>(*attachment_, *shadow_, clock_, name_);
  checkpointer_ = std::make_unique<Checkpointer>(*attachment_, *capture_, options_.checkpoint, clock_);
  stamps_ = std::make_unique<StampKeeper>(fs_, MetaDir(options_.meta_path).stamp_file(), *attachment_, *capture_,
                                          clock_, name_);
  if (attachment_->index().backfilled_frames() > attachment_->index().glance().max_frame) {
    obs::log(obs::Level::error, "database",
             "the wal-index counts more moved frames than there are: SQLite's WAL-reset bug struck; "
             "hint: run PRAGMA integrity_check and update the application's SQLite to 3.51.3 or later",
             {{"db", name_}});
  }
  std::string detail;
  if (const auto reason = resume_history(detail)) {
    if (!detail.empty()) obs::log(obs::Level::warn, "database", detail, {{"db", name_}});
    begin_generation(*reason);
    return;
  }
  capture_committed();
  if (!shadow_->is_revealed()) shadow_->reveal();
  obs::log(obs::Level::info, "database", "goes on where it stopped",
           {{"db", name_}, {"position", to_string(shadow_->tip())}});
}

std::optional<NewGeneration> Database::resume_history(std::string& detail) {
  const auto reason = shadow_->load(detail);
  const bool has_stamp = stamps_->holds(shadow_->tip());
  if (reason == NewGeneration::nothing_captured && has_stamp) {
    shadow_->go_on_from_nothing(attachment_->header_page_size());
    return std::nullopt;
  }
  if (reason) return reason;
  for (int attempt = 0; !attachment_->index().try_read_header(); ++attempt) {
    if (attempt > 10) attachment_->recover_index();
    pause_for(std::chrono::milliseconds(1));
  }
  return capture_->resume(has_stamp);
}

void Database::begin_generation(NewGeneration reason) {
  const Position before = shadow_->tip();
  revoke_snapshots();
  shadow_->begin_generation(attachment_->header_page_size());
  capture_->start_over();
  capture_committed();
  if (!shadow_->is_revealed()) shadow_->reveal();
  obs::log(obs::Level::info, "database", "new generation",
           {{"db", name_},
            {"generation", shadow_->generation()},
            {"reason", to_string(reason)},
            {"before", to_string(before)}});
}

/// Returns true if something was captured.
bool Database::capture_round() {
  const Round round = capture_->round();
  if (round.kind != Round::Kind::torn) torn_since_.reset();
  switch (round.kind) {
    case Round::Kind::nothing_new:
      return false;
    case Round::Kind::captured:
      return true;
    case Round::Kind::torn:
      mend_torn_index();
      return false;
    case Round::Kind::broken:
      begin_generation(round.reason);
      return true;
  }
  return false;
}

void Database::capture_committed() {
  do {
    (void)capture_round();
    if (torn_since_) pause_for(std::chrono::milliseconds(1));
  } while (torn_since_);
}

void Database::mend_torn_index() {
  const auto now = clock_.steady_now();
  if (!torn_since_) torn_since_ = now;
  if (now - *torn_since_ < kTornPatience) return;
  attachment_->recover_index();
  torn_since_.reset();
}

void Database::leave_window_if_done() {
  WalGuard& guard = attachment_->guard();
  if (!guard.is_window_open()) return;
  const auto glance = attachment_->index().glance();
  // Frames that are not backfilled: either the log has restarted, or it was appended to and can not restart any more.
  if (glance.max_frame > attachment_->index().backfilled_frames()) (void)guard.try_close_window();
}

void Database::checkpoint_if_due() {
  const WalGuard& guard = attachment_->guard();
  if (guard.is_window_open() || guard.is_frozen()) return;
  if (!checkpointer_->run_if_due()) (void)checkpointer_->try_open_window();
}

void Database::keep_within_limits() {
  const std::uint64_t first = catalog_.first_index_within(options_.shadow_wal_limit_bytes);
  const auto status = catalog_.status();
  if (status && status->oldest.index < first) {
    shadow_->trim(first);
    report_left_behind();
  }
  const auto glance = attachment_->index().glance();
  const auto page_size = shadow_->end() ? shadow_->end()->header.page_size : 0;
  if (glance.max_frame * wal::frame_size(page_size) > options_.shadow_wal_limit_bytes && !pins_.empty()) {
    obs::log(obs::Level::warn, "database", "a snapshot holds back checkpoints for too long and is taken back",
             {{"db", name_}});
    revoke_snapshots();
  }
}

void Database::report_left_behind() {
  MutexLock lock(feeds_mutex_);
  for (const ReplicaFeed* feed : feeds_) {
    const auto found = catalog_.find(feed->durable());
    const auto* miss = std::get_if<Feed::Miss>(&found);
    if (miss == nullptr || *miss != Feed::Miss::gone) {
      left_behind_.erase(feed->replica());
    } else if (left_behind_.insert(feed->replica()).second) {
      obs::log(obs::Level::warn, "database",
               "the shadow WAL is at its limit and let go of what a replica still needs; it will take a new snapshot",
               {{"db", name_}, {"replica", feed->replica()}, {"limit_bytes", options_.shadow_wal_limit_bytes}});
    }
  }
}

void Database::trim() {
  if (!shadow_ || !shadow_->is_revealed()) return;
  std::uint64_t needed = shadow_->index();
  {
    MutexLock lock(feeds_mutex_);
    for (const ReplicaFeed* feed : feeds_) needed = std::min(needed, feed->held_index(shadow_->generation()));
  }
  if (needed > 0) shadow_->trim(needed - 1);  // one index in reserve
}

std::optional<SnapshotGrant> Database::make_grant() {
  if (!attachment_) throw Error(ErrorCode::transient, "snapshot: the database is not attached: " + status().detail);
  WalGuard& guard = attachment_->guard();
  const auto deadline = clock_.steady_now() + kFreezePatience;
  while (!guard.try_freeze()) {
    if (clock_.steady_now() >= deadline)
      throw Error(ErrorCode::transient, "snapshot: another process keeps checkpointing");
    pause_for(std::chrono::milliseconds(1));
  }
  try {
    // The position of the image is the end of what is captured; frames that come after it do not touch the file.
    // All that is backfilled must be captured, or the file would be ahead of the position.
    capture_committed();
    const std::uint64_t frames = shadow_->published_frames();
    const std::uint32_t page_size = shadow_->end() ? shadow_->end()->header.page_size : attachment_->header_page_size();
    if (!wal::is_page_size(page_size)) throw Error(ErrorCode::corrupt, "snapshot: the database has no valid header");
    SnapshotGrant grant;
    grant.position = shadow_->tip();
    grant.page_size = page_size;
    grant.created_ns = clock_.unix_now();
    grant.shadow_frames = frames;
    if (frames > 0) {
      grant.shadow = shadow_->open_current();
      std::array<std::byte, wal::kFrameHeaderSize> bytes;
      if (grant.shadow->read_at("snapshot.open", wal::frames_end(frames - 1, page_size), bytes) != bytes.size()) {
        throw Error(ErrorCode::corrupt, "snapshot: the shadow WAL was cut");
      }
      grant.db_size_pages = wal::parse_frame_header(bytes.data()).db_size_pages;
    } else {
      grant.db_size_pages = static_cast<std::uint32_t>(attachment_->database_size() / page_size);
    }
    grant.pin = std::make_shared<SnapshotPin>(*attachment_);
    pins_.push_back(grant.pin);
    return grant;
  } catch (...) {
    guard.unfreeze();
    throw;
  }
}

void Database::revoke_snapshots() noexcept {
  for (const auto& pin : pins_) {
    pin->revoke();
    attachment_->guard().unfreeze();
  }
  pins_.clear();
}

void Database::sleep_until_something(const std::stop_token& stop) {
  if (names_changed_.exchange(false) && !attachment_->is_still_there()) {
    obs::log(obs::Level::info, "database", "the file was replaced or removed", {{"db", name_}});
    detach();
    return;
  }
  if (idle_looks_ < kLooks) {
    (void)wake_up_.wait_for(stop, kFirstLook * (std::int64_t{1} << (2 * idle_looks_++)));
    return;
  }
  capture_->release_buffer();
  const WalGuard& guard = attachment_->guard();
  std::optional<std::chrono::nanoseconds> timeout;
  if (!guard.is_window_open() && !guard.is_frozen()) timeout = checkpointer_->next_due();
  const bool window_should_end =
      guard.is_window_open() && attachment_->index().glance().max_frame > attachment_->index().backfilled_frames();
  if (window_should_end || torn_since_) timeout = kRetrySoon;
  if (const auto stamp_due = stamps_->keep(shadow_->tip()))
    timeout = std::min(timeout.value_or(*stamp_due), *stamp_due);
  if (timeout) {
    (void)wake_up_.wait_for(stop, std::max(*timeout, std::chrono::nanoseconds(kRetrySoon)));
  } else {
    (void)wake_up_.wait(stop);
  }
}

void Database::detach() noexcept {
  log_watch_.reset();
  {
    MutexLock lock(poll_mutex_);
    polled_index_ = nullptr;
  }
  if (attachment_) revoke_snapshots();
  stamps_.reset();
  checkpointer_.reset();
  capture_.reset();
  if (shadow_) shadow_->finish_times();
  shadow_.reset();
  attachment_.reset();
  lock_.reset();
  torn_since_.reset();
}

void Database::handle(const Error& error, const std::stop_token& stop) {
  if (error.code() == ErrorCode::cancelled) return;
  set_state(DatabaseState::failing, error.what());
  try {
    if (attachment_ && !attachment_->is_still_there()) detach();
    if (attachment_ && error.code() == ErrorCode::no_space && shadow_->end()) {
      const std::uint64_t frame_size = wal::frame_size(shadow_->end()->header.page_size);
      if (attachment_->index().glance().max_frame * frame_size > options_.shadow_wal_limit_bytes) {
        obs::log(obs::Level::error, "database", "there is no space to capture to: the log is let go", {{"db", name_}});
        detach();
      }
    }
  } catch (const std::exception& e) {
    obs::log(obs::Level::error, "database", e.what(), {{"db", name_}});
    detach();
  }
  const auto until = clock_.steady_now() + kFailureBackoff.delay(failures_++, random_u64());
  while (!stop.stop_requested() && clock_.steady_now() < until) {
    inbox_.run_all();
    (void)wake_up_.wait_for(stop, until - clock_.steady_now());
  }
}

void Database::set_state(DatabaseState state, std::string detail) {
  {
    MutexLock lock(status_mutex_);
    if (status_.state == state && status_.detail == detail) return;
    status_.state = state;
    status_.detail = detail;
  }
  const auto level = state == DatabaseState::failing ? obs::Level::warn : obs::Level::info;
  if (detail.empty()) {
    obs::log(level, "database", to_string(state), {{"db", name_}});
  } else {
    obs::log(level, "database", to_string(state), {{"db", name_}, {"reason", detail}});
  }
}

void Database::poll() noexcept {
  if (++poll_ticks_ % kPollTicks != 0) return;
  {
    MutexLock lock(poll_mutex_);
    if (polled_index_ == nullptr) return;
    const auto glance = polled_index_->glance();
    if (glance == polled_) return;
    polled_ = glance;
  }
  wake();
}

void Database::wake() noexcept {
  hint_ = true;
  wake_up_.notify();
}

}  // namespace lshost::db
