#include "db/history.hpp"

#include <utility>

#include "base/error.hpp"
#include "db/bridge.hpp"
#include "obs/log.hpp"

namespace lshost::db {

namespace {

/// A wal-index that stays unreadable for this long has a dead writer.
constexpr std::chrono::milliseconds kTornPatience(3);
/// Between two slices of the database that are read for a page map.
constexpr std::chrono::milliseconds kPageMapPause(1);

}  // namespace

History::History(os::Fs& fs, Attachment& attachment, ShadowCatalog& catalog, OriginKeeper& origin, const Clock& clock,
                 HistorySetup setup)
    : setup_(std::move(setup)),
      attachment_(attachment),
      catalog_(catalog),
      origin_(origin),
      clock_(clock),
      shadow_(fs, setup_.meta, catalog),
      capture_(attachment, shadow_, clock, setup_.database_name),
      stamps_(fs, setup_.meta.stamp_file(), attachment, capture_, clock, setup_.database_name),
      pages_(fs, setup_.meta, attachment, shadow_, setup_.database_name),
      pages_due_(clock.steady_now() + setup_.page_map_delay) {}

History::~History() { shadow_.finish_times(); }

void History::open() {
  std::string detail;
  if (const auto reason = resume(detail); reason && !try_bridge(*reason)) {
    if (!detail.empty()) obs::log(obs::Level::warn, "database", detail, {{"db", setup_.database_name}});
    begin_generation(*reason);
    return;
  }
  if (pages_.is_incomplete()) (void)pages_.load();
  capture_committed();
  if (!shadow_.is_revealed()) shadow_.reveal();
  obs::log(obs::Level::info, "database", "goes on where it stopped",
           {{"db", setup_.database_name}, {"position", to_string(shadow_.tip())}});
}

std::optional<NewGeneration> History::resume(std::string& detail) {
  const auto reason = shadow_.load(detail);
  if (!reason || reason == NewGeneration::nothing_captured) {
    if (const auto other = origin_.load(shadow_.generation(), attachment_.database_identity())) return other;
  }
  const bool has_stamp = stamps_.holds(shadow_.tip());
  if (reason == NewGeneration::nothing_captured && has_stamp) {
    shadow_.go_on_from_nothing(attachment_.header_page_size());
    return std::nullopt;
  }
  if (reason) return reason;
  for (int attempt = 0; !attachment_.index().try_read_header(); ++attempt) {
    if (attempt > 10) attachment_.recover_index();
    pause_for(std::chrono::milliseconds(1));
  }
  return capture_.resume(has_stamp);
}

bool History::try_bridge(NewGeneration reason) {
  if (reason != NewGeneration::restarted_while_away && reason != NewGeneration::nothing_captured) return false;
  const auto map = pages_.load();
  if (!map || map->page_size() != attachment_.header_page_size()) return false;
  if (reason == NewGeneration::nothing_captured) shadow_.go_on_from_nothing(map->page_size());
  const Position before = shadow_.tip();
  origin_.add_bridge(before);  // first: a replica that comes after it has to show where it stands
  const auto bridge = build_bridge(attachment_, shadow_, *map, setup_.limit_bytes, clock_);
  if (!bridge) {
    obs::log(obs::Level::warn, "database",
             "too much changed while no host was attached to go on in the same generation",
             {{"db", setup_.database_name}, {"limit_bytes", setup_.limit_bytes}});
    return false;
  }
  capture_.resume_behind_bridge(bridge->live_sum);
  obs::log(obs::Level::info, "database", "what changed while no host was attached was found by comparing pages",
           {{"db", setup_.database_name},
            {"position", to_string(before)},
            {"pages", bridge->pages_sent},
            {"compared", bridge->pages_compared}});
  return true;
}

void History::begin_generation(NewGeneration reason) {
  const Position before = shadow_.tip();
  setup_.before_new_generation();
  pages_.start_over();
  pages_due_ = clock_.steady_now() + setup_.page_map_delay;
  shadow_.begin_generation(attachment_.header_page_size());
  origin_.begin(shadow_.generation(), attachment_.database_identity());
  capture_.start_over();
  capture_committed();
  if (!shadow_.is_revealed()) shadow_.reveal();
  obs::log(obs::Level::info, "database", "new generation",
           {{"db", setup_.database_name},
            {"generation", shadow_.generation()},
            {"reason", to_string(reason)},
            {"before", to_string(before)}});
}

bool History::capture_round() {
  const Round round = capture_.round();
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

void History::capture_committed() {
  do {
    (void)capture_round();
    if (torn_since_) pause_for(std::chrono::milliseconds(1));
  } while (torn_since_);
}

void History::mend_torn_index() {
  const auto now = clock_.steady_now();
  if (!torn_since_) torn_since_ = now;
  if (now - *torn_since_ < kTornPatience) return;
  attachment_.recover_index();
  torn_since_.reset();
}

std::optional<std::chrono::nanoseconds> History::make_page_map() {
  if (!pages_.is_incomplete()) return std::nullopt;
  const auto wait = pages_due_ - clock_.steady_now();
  if (wait > std::chrono::nanoseconds(0)) return wait;
  const std::string generation = shadow_.generation();
  if (pages_.read_some()) {
    capture_committed();
    shadow_.sync();
    if (shadow_.generation() == generation) pages_.finish();
  }
  if (!pages_.is_incomplete()) return std::nullopt;
  pages_due_ = clock_.steady_now() + kPageMapPause;
  return kPageMapPause;
}

void History::trim(std::uint64_t needed) {
  if (!shadow_.is_revealed()) return;
  if (needed > 0) shadow_.trim(pages_.let_go(needed - 1));  // one index in reserve
}

bool History::keep_within_limit() {
  const std::uint64_t first = catalog_.first_index_within(setup_.limit_bytes);
  const auto status = catalog_.status();
  if (!status || status->oldest.index >= first) return false;
  (void)pages_.let_go(first);
  shadow_.trim(first);
  return true;
}

std::uint64_t History::log_bytes() const {
  const auto& end = shadow_.end();
  return end ? attachment_.index().glance().max_frame * wal::frame_size(end->header.page_size) : 0;
}

}  // namespace lshost::db
