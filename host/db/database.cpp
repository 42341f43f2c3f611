#include "db/database.hpp"

#include <pthread.h>

#include <algorithm>
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
/// A window that should end and can not yet, a lock that somebody holds for a moment.
constexpr std::chrono::milliseconds kRetrySoon(5);
constexpr Backoff kAttachBackoff{std::chrono::milliseconds(50), std::chrono::milliseconds(5000)};
constexpr Backoff kFailureBackoff{std::chrono::milliseconds(100), std::chrono::milliseconds(5000)};

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

void name_this_thread(const std::string& name) {
  (void)::pthread_setname_np(::pthread_self(), ("db:" + name).substr(0, 15).c_str());
}

void report_reset_bug(Attachment& attachment, const std::string& name) {
  if (attachment.index().backfilled_frames() <= attachment.index().glance().max_frame) return;
  obs::log(obs::Level::error, "database",
           "the wal-index counts more moved frames than there are: SQLite's WAL-reset bug struck; "
           "hint: run PRAGMA integrity_check and update the application's SQLite to 3.51.3 or later",
           {{"db", name}});
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
    : options_(std::move(options)),
      name_(file_name(options_.path)),
      fs_(fs),
      watcher_(watcher),
      clock_(clock),
      origin_(fs_, MetaDir(options_.meta_path), catalog_),
      guard_watch_(options_.shadow_wal_limit_bytes, random_u64()) {}

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

void Database::release_unneeded() noexcept { hold_changed(); }

DatabaseStatus Database::status() const {
  MutexLock lock(status_mutex_);
  DatabaseStatus status = status_;
  if (const auto feed_status = catalog_.status()) status.tip = feed_status->tip;
  return status;
}

std::optional<std::uint64_t> Database::bytes_behind(const Position& from) const { return catalog_.bytes_since(from); }

std::optional<Position> Database::capture_now() {
  std::optional<Position> tip;
  const bool ran = inbox_.run_and_wait([&] {
    if (!attachment_) return;
    history_->capture_committed();
    tip = history_->shadow().tip();
  });
  return ran ? tip : std::nullopt;
}

std::optional<SnapshotImage> Database::open_image() {
  std::optional<SnapshotGrant> grant;
  const bool ran = inbox_.run_and_wait([&] {
    if (attachment_) grant = make_grant();
  });
  if (!ran || !grant) return std::nullopt;
  SnapshotImage image{grant->position, grant->page_size, std::uint64_t{grant->page_size} * grant->db_size_pages,
                      grant->created_ns, nullptr};
  auto pin = grant->pin;
  image.bytes = std::make_unique<SnapshotStream>(std::move(*grant), pin, [this, pin] { release_snapshot(pin); });
  return image;
}

bool Database::leave_generation(const std::string& generation, NewGeneration reason) {
  bool is_left = false;
  const bool ran = inbox_.run_and_wait([&] {
    if (!attachment_) return;
    if (history_->shadow().generation() == generation) history_->begin_generation(reason);
    is_left = true;
  });
  return ran && is_left;
}

// ---- what feeds ask for ----

std::optional<SnapshotGrant> Database::grant_snapshot() {
  std::optional<SnapshotGrant> grant;
  if (!inbox_.run_and_wait([&] { grant = make_grant(); })) throw Error(ErrorCode::cancelled, "the database is stopped");
  return grant;
}

void Database::release_snapshot(const std::shared_ptr<SnapshotPin>& pin) noexcept {
  inbox_.post([this, pin] {
    if (snapshots_) snapshots_->release(pin);
  });
}

void Database::hold_changed() noexcept {
  inbox_.post([this] { trim(); });
}

void Database::replica_is_ahead() noexcept { wake(); }

bool Database::is_ours(const std::string& replica, const Position& position) {
  if (origin_.is_ours(replica, position)) return true;
  wake();
  return false;
}

void Database::begins_anew(const std::string& replica) { origin_.begins_anew(replica); }

// ---- the thread ----

void Database::run(const std::stop_token& stop) {
  name_this_thread(name_);
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
  name_watch_.reset();
  inbox_.close();
  if (history_) history_->make_last_stamp();
  detach();
  poll_watch_.reset();  // until here: the last steps may hang like all others
  set_state(DatabaseState::stopped, "");
}

void Database::serve_once(const std::stop_token& stop) {
  if (hint_.exchange(false)) idle_looks_ = 0;
  const bool captured = history_->capture_round();
  leave_window_if_done();
  if (catalog_.take_ahead()) history_->begin_generation(NewGeneration::replica_ahead);
  checkpoint_if_due();
  follow_pace(captured);
  if (captured) keep_within_limits();
  if (captured && captures_ > kBusyCaptures) (void)history_->make_page_map();  // else it is made while nothing happens
  failures_ = 0;
  attachment_->progress().step();
  set_state(DatabaseState::replicating, "");
  if (!captured) sleep_until_something(stop);
}

bool Database::try_attach() {
  const std::string directory = os::parent_directory(options_.path);
  const auto wait_because = [&](NotAttachable reason, const std::string& detail) {
    set_state(DatabaseState::waiting, std::string(to_string(reason)) + (detail.empty() ? "" : " (" + detail + ")"),
              reason);
    return false;
  };
  // A watch stays with its directory when that is renamed or removed, so each attempt watches what has the name now.
  name_watch_.reset();
  if (!fs_.stat("attach", directory)) return wait_because(NotAttachable::missing, "");
  watch_names(os::NameEvents::names_and_writes);
  if (!fs_.stat("attach", options_.path)) return wait_because(NotAttachable::missing, "");
  const MetaDir meta(options_.meta_path);
  prepare(fs_, meta);
  lock_ = try_lock(meta).value_or(UniqueFd());
  if (!lock_) return wait_because(NotAttachable::other_host, meta.lock_file() + " is locked");
  auto outcome = Attachment::attach(fs_, options_.path, options_.exclusive_checkpoints);
  if (!outcome.attachment) {
    lock_.reset();
    return wait_because(outcome.why_not, outcome.detail);
  }
  attachment_ = std::move(outcome.attachment);
  guard_watch_.begin(*attachment_);
  try {
    open_history();
    watch_names(os::NameEvents::names);
    watch_log();
  } catch (...) {
    detach();
    throw;
  }
  attachment_->guard().hold_checkpoint_lock();
  waits_ = 0;
  idle_looks_ = 0;
  return true;
}

void Database::open_history() {
  report_reset_bug(*attachment_, name_);
  history_ = std::make_unique<History>(fs_, *attachment_, catalog_, origin_, clock_,
                                       HistorySetup{.meta = MetaDir(options_.meta_path),
                                                    .database_name = name_,
                                                    .limit_bytes = options_.shadow_wal_limit_bytes,
                                                    .page_map_delay = options_.page_map_delay,
                                                    .before_new_generation = [this] { snapshots_->revoke_all(); }});
  snapshots_ = std::make_unique<SnapshotDesk>(*attachment_, *history_, clock_);
  checkpointer_ = std::make_unique<Checkpointer>(*attachment_, history_->capture(), options_.checkpoint, clock_);
  history_->open();
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
  if (history_->keep_within_limit()) report_left_behind();
  if (history_->log_bytes() > options_.shadow_wal_limit_bytes && snapshots_->is_any_out()) {
    obs::log(obs::Level::warn, "database", "a snapshot holds back checkpoints for too long and is taken back",
             {{"db", name_}});
    snapshots_->revoke_all();
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
  if (!history_) return;
  std::uint64_t needed = history_->shadow().index();
  {
    MutexLock lock(feeds_mutex_);
    for (const ReplicaFeed* feed : feeds_) needed = std::min(needed, feed->held_index(history_->shadow().generation()));
  }
  history_->trim(needed);
}

SnapshotGrant Database::make_grant() {
  if (!attachment_) throw Error(ErrorCode::transient, "snapshot: the database is not attached: " + status().detail);
  // Whoever asks may be the replica that holds another history: what it gets must not be of the same generation.
  if (catalog_.take_ahead()) history_->begin_generation(NewGeneration::replica_ahead);
  return snapshots_->grant();
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
  history_->capture().release_buffer();
  const WalGuard& guard = attachment_->guard();
  std::optional<std::chrono::nanoseconds> timeout;
  if (!guard.is_window_open() && !guard.is_frozen()) timeout = checkpointer_->next_due();
  const bool window_should_end =
      guard.is_window_open() && attachment_->index().glance().max_frame > attachment_->index().backfilled_frames();
  if (window_should_end || history_->is_torn()) timeout = kRetrySoon;
  if (const auto stamp_due = history_->make_stamp()) timeout = std::min(timeout.value_or(*stamp_due), *stamp_due);
  if (const auto map_due = history_->make_page_map()) timeout = std::min(timeout.value_or(*map_due), *map_due);
  if (timeout) {
    (void)wake_up_.wait_for(stop, std::max(*timeout, std::chrono::nanoseconds(kRetrySoon)));
  } else {
    (void)wake_up_.wait(stop);
  }
}

void Database::detach() noexcept {
  log_watch_.reset();
  snapshots_.reset();
  checkpointer_.reset();
  history_.reset();
  guard_watch_.end();
  attachment_.reset();
  lock_.reset();
}

void Database::handle(const Error& error, const std::stop_token& stop) {
  if (error.code() == ErrorCode::cancelled) return;
  set_state(DatabaseState::failing, error.what());
  try {
    if (attachment_ && (attachment_->guard().has_let_go() || !attachment_->is_still_there())) detach();
    if (attachment_ && error.code() == ErrorCode::no_space && history_->log_bytes() > options_.shadow_wal_limit_bytes) {
      obs::log(obs::Level::error, "database", "there is no space to capture to: the log is let go", {{"db", name_}});
      detach();
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

void Database::set_state(DatabaseState state, std::string detail, std::optional<NotAttachable> why_waiting) {
  {
    MutexLock lock(status_mutex_);
    if (status_.state == state && status_.detail == detail) return;
    status_.state = state;
    status_.detail = detail;
    status_.why_waiting = why_waiting;
  }
  const auto level = state == DatabaseState::failing ? obs::Level::warn : obs::Level::info;
  if (detail.empty()) {
    obs::log(level, "database", to_string(state), {{"db", name_}});
  } else {
    obs::log(level, "database", to_string(state), {{"db", name_}, {"reason", detail}});
  }
}

void Database::poll() noexcept {
  const GuardWatch::Seen seen = guard_watch_.look();
  if (seen.let_go) report_let_go(seen);
  if (seen.wants_a_round) wake();
}

void Database::report_let_go(const GuardWatch::Seen& seen) {
  const std::string reason(to_string(*seen.let_go));
  obs::log(obs::Level::error, "database",
           "the log was let go, so that the application can restart it; hint: look at the disk under meta_path",
           {{"db", name_},
            {"reason", reason},
            {"log_bytes", seen.log_bytes},
            {"limit_bytes", options_.shadow_wal_limit_bytes},
            {"meta_path", options_.meta_path}});
  {
    MutexLock lock(status_mutex_);
    ++status_.times_let_go;
  }
  set_state(DatabaseState::failing, "the log was let go: " + reason);
}

void Database::wake() noexcept {
  hint_ = true;
  wake_up_.notify();
}

}  // namespace lshost::db
