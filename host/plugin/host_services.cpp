#include "plugin/host_services.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "db/feed.hpp"
#include "engine/engine.hpp"
#include "obs/log.hpp"
#include "plugin/abi.hpp"
#include "plugin/convert.hpp"
#include "plugin/credible_position.hpp"
#include "plugin/replica_context.hpp"

namespace lshost::plugin {
namespace {

using std::chrono::milliseconds;

ReplicaContext& of(lshost_ctx* ctx) noexcept { return *ctx->context; }

/// Negative means without limit. Longer than a century is without limit, too, and does not overflow nanoseconds.
std::optional<milliseconds> limit_of(std::int64_t ms) noexcept {
  constexpr std::int64_t kCenturyMs = std::int64_t{100} * 366 * 24 * 3600 * 1000;
  if (ms < 0 || ms > kCenturyMs) return std::nullopt;
  return milliseconds(ms);
}

void require(const void* pointer, const char* what) {
  if (pointer == nullptr) throw Error(ErrorCode::invalid, std::string(what) + " is NULL");
}

/// Runs `ask` with the feed, unless the replica is closed for good (then the plugin is to stop) or offline (no data).
template <class Fn>
std::int32_t with_feed(lshost_ctx* ctx, lshost_error* err, Fn&& ask) noexcept {
  return guard(err, [&]() -> std::int32_t {
    const auto pass = of(ctx).enter();
    if (!pass) return LSHOST_CANCELLED;
    db::Feed* feed = of(ctx).feed();
    return feed == nullptr ? LSHOST_END : std::forward<Fn>(ask)(*feed);
  });
}

/// Tells the observer, if somebody listens. What it throws is its own business.
template <class Fn>
void tell_observer(lshost_ctx* ctx, Fn&& tell) noexcept {
  (void)guard(nullptr, [&]() -> std::int32_t {
    const auto pass = of(ctx).enter();
    if (pass && of(ctx).observer() != nullptr) std::forward<Fn>(tell)(*of(ctx).observer());
    return LSHOST_OK;
  });
}

void log_line(ReplicaContext& context, obs::Level level, const std::string& message, const lshost_kv* kv = nullptr,
              std::size_t count = 0) {
  const ReplicaSetup& setup = context.setup();
  std::vector<obs::Field> fields = {
      {"db", setup.database}, {"replica", setup.config.name}, {"type", setup.config.type}};
  for (std::size_t i = 0; kv != nullptr && i < count; ++i)
    fields.emplace_back(text_of(kv[i].key), text_of(kv[i].value));
  obs::log(level, "plugin", message, fields.data(), fields.size());
}

// ---- who it is, configuration ----

const lshost_replica_info* get_info(lshost_ctx* ctx) noexcept { return &of(ctx).info(); }

/// Where the configuration is at fault, not the call.
std::int32_t blame_config(std::int32_t result, lshost_error* err) noexcept {
  if (result != LSHOST_E_INVALID) return result;
  constexpr std::size_t kNeeded = offsetof(lshost_error, code) + sizeof err->code;
  if (err != nullptr && err->struct_size >= kNeeded) err->code = LSHOST_E_CONFIG;
  return LSHOST_E_CONFIG;
}

std::int32_t config_get(lshost_ctx* ctx, const char* key, std::int32_t index, std::int32_t type, lshost_value* out,
                        lshost_error* err) noexcept {
  const std::int32_t result = guard(err, [&]() -> std::int32_t {
    lshost_value value{};
    const std::int32_t found = of(ctx).config().get(key, index, type, value);
    if (found == LSHOST_OK) copy_out(value, out, "lshost_value");
    if (found != LSHOST_OK) fill_error(err, found, 0, "the key '" + std::string(text_of(key)) + "' is not set");
    return found;
  });
  return blame_config(result, err);
}

std::int32_t config_check(lshost_ctx* ctx, lshost_error* err) noexcept {
  const std::int32_t result = guard(err, [&]() -> std::int32_t {
    of(ctx).config().require_all_known();
    return LSHOST_OK;
  });
  return blame_config(result, err);
}

// ---- the database ----

std::int32_t get_status(lshost_ctx* ctx, lshost_db_status* out, lshost_error* err) noexcept {
  return with_feed(ctx, err, [&](db::Feed& feed) -> std::int32_t {
    const auto found = feed.status();
    if (!found) return LSHOST_END;
    lshost_db_status status{};
    status.page_size = found->page_size;
    status.oldest = to_c(found->oldest);
    status.tip = to_c(found->tip);
    copy_out(status, out, "lshost_db_status");
    return LSHOST_OK;
  });
}

lshost_wal_info info_of(const db::WalRun& run) noexcept {
  lshost_wal_info info{};
  info.page_size = run.page_size;
  info.start = to_c(run.start);
  info.end = to_c(run.end);
  info.commit_ns = run.commit_ns;
  info.flags = run.index_complete ? static_cast<std::uint32_t>(LSHOST_WAL_INDEX_COMPLETE) : 0;
  return info;
}

std::int32_t wal_open(lshost_ctx* ctx, const lshost_pos* from, lshost_wal_info* info, lshost_reader** out,
                      lshost_error* err) noexcept {
  return with_feed(ctx, err, [&](db::Feed& feed) -> std::int32_t {
    require(from, "from");
    require(out, "out");
    *out = nullptr;
    if (of(ctx).is_stopping()) return LSHOST_CANCELLED;
    of(ctx).streams().require_room(HandedStreams::Kind::wal);
    auto answer = feed.open_wal(from_c(*from));
    if (const auto* miss = std::get_if<db::Feed::Miss>(&answer)) {
      return *miss == db::Feed::Miss::at_tip ? LSHOST_END : LSHOST_GONE;
    }
    db::WalRun& run = std::get<db::WalRun>(answer);
    copy_out(info_of(run), info, "lshost_wal_info");
    *out = of(ctx).streams().hand_out(HandedStreams::Kind::wal, std::move(run.bytes));
    return LSHOST_OK;
  });
}

std::int32_t snapshot_open(lshost_ctx* ctx, std::uint32_t flags, lshost_snapshot_info* info, lshost_reader** out,
                           lshost_error* err) noexcept {
  return with_feed(ctx, err, [&](db::Feed& feed) -> std::int32_t {
    require(out, "out");
    *out = nullptr;
    if (flags != 0) throw Error(ErrorCode::unsupported, "this host has no such kind of snapshot");
    if (of(ctx).is_stopping()) return LSHOST_CANCELLED;
    of(ctx).streams().require_room(HandedStreams::Kind::snapshot);
    auto image = feed.open_snapshot();
    if (!image) return LSHOST_END;
    lshost_snapshot_info filled{};
    filled.page_size = image->page_size;
    filled.pos = to_c(image->position);
    filled.size = image->size_bytes;
    filled.created_ns = image->created_ns;
    copy_out(filled, info, "lshost_snapshot_info");
    *out = of(ctx).streams().hand_out(HandedStreams::Kind::snapshot, std::move(image->bytes));
    return LSHOST_OK;
  });
}

std::int32_t snapshot_due(lshost_ctx* ctx) noexcept {
  bool due = false;
  (void)with_feed(ctx, nullptr, [&](db::Feed& feed) -> std::int32_t {
    due = feed.snapshot_due();
    return LSHOST_OK;
  });
  return due ? 1 : 0;
}

// ---- waiting ----

std::int32_t pause_for(ReplicaContext& context, std::optional<milliseconds> limit, std::int32_t when_over) {
  return context.pause(limit) ? when_over : LSHOST_CANCELLED;
}

std::int32_t wait_for_more(lshost_ctx* ctx, const lshost_pos* seen, std::int64_t timeout_ms) noexcept {
  return guard(nullptr, [&]() -> std::int32_t {
    const auto limit = limit_of(timeout_ms);
    const auto pass = of(ctx).enter();
    if (!pass || of(ctx).is_stopping()) return LSHOST_CANCELLED;
    if (of(ctx).feed() == nullptr) return pause_for(of(ctx), limit, LSHOST_TIMEOUT);
    switch (of(ctx).feed()->wait(seen == nullptr ? db::Position{} : from_c(*seen), limit, of(ctx).stop_token())) {
      case db::Feed::Waited::changed:
        return LSHOST_OK;
      case db::Feed::Waited::timeout:
        return LSHOST_TIMEOUT;
      case db::Feed::Waited::stopped:
        return LSHOST_CANCELLED;
    }
    return LSHOST_E_INTERNAL;
  });
}

std::int32_t pause_worker(lshost_ctx* ctx, std::int64_t ms) noexcept {
  return guard(nullptr, [&] { return pause_for(of(ctx), limit_of(ms), LSHOST_OK); });
}

std::int32_t is_cancelled(lshost_ctx* ctx) noexcept { return of(ctx).is_stopping() ? 1 : 0; }

std::int32_t get_event_fd(lshost_ctx* ctx) noexcept {
  std::int32_t descriptor = -1;
  (void)guard(nullptr, [&]() -> std::int32_t {
    const auto pass = of(ctx).enter();
    if (pass) descriptor = of(ctx).event_descriptor();
    return LSHOST_OK;
  });
  return descriptor;
}

// ---- reporting ----

void report_pos(lshost_ctx* ctx, const lshost_pos* durable) noexcept {
  (void)with_feed(ctx, nullptr, [&](db::Feed& feed) -> std::int32_t {
    if (durable == nullptr) return LSHOST_OK;
    const db::Position position = from_c(*durable);
    if (!is_credible(feed, position)) {
      log_line(
          of(ctx), obs::Level::error,
          "the plugin reported a durable position that does not exist: " + db::to_string(position) + "; it is ignored");
      return LSHOST_OK;
    }
    feed.report_durable(position);
    if (of(ctx).observer() != nullptr) of(ctx).observer()->durable(position);
    return LSHOST_OK;
  });
}

void report_snapshot(lshost_ctx* ctx, const lshost_pos* pos, std::uint64_t size) noexcept {
  (void)with_feed(ctx, nullptr, [&](db::Feed& feed) -> std::int32_t {
    if (pos == nullptr) return LSHOST_OK;
    feed.set_snapshot_due(false);
    if (of(ctx).observer() != nullptr) of(ctx).observer()->snapshot(from_c(*pos), size);
    return LSHOST_OK;
  });
}

void report_state(lshost_ctx* ctx, std::int32_t state, const char* detail) noexcept {
  const auto known = state_from_c(state);
  if (!known) return;
  tell_observer(ctx, [&](ReplicaObserver& observer) { observer.state(*known, text_of(detail)); });
}

void report_error(lshost_ctx* ctx, const lshost_error* err) noexcept {
  if (err == nullptr) return;
  tell_observer(ctx, [&](ReplicaObserver& observer) { observer.error(failure_from_c(copy_in(err))); });
}

obs::Level level_of(std::int32_t level) noexcept {
  switch (level) {
    case LSHOST_LOG_TRACE:
      return obs::Level::trace;
    case LSHOST_LOG_DEBUG:
      return obs::Level::debug;
    case LSHOST_LOG_INFO:
      return obs::Level::info;
    case LSHOST_LOG_WARN:
      return obs::Level::warn;
    default:
      return level < LSHOST_LOG_TRACE ? obs::Level::trace : obs::Level::error;
  }
}

std::int32_t is_log_enabled(lshost_ctx* /*ctx*/, std::int32_t level) noexcept {
  return obs::log_enabled(level_of(level)) ? 1 : 0;
}

void log_message(lshost_ctx* ctx, std::int32_t level, const char* message, const lshost_kv* kv,
                 std::size_t n_kv) noexcept {
  (void)guard(nullptr, [&]() -> std::int32_t {
    log_line(of(ctx), level_of(level), std::string(text_of(message)), kv, n_kv);
    return LSHOST_OK;
  });
}

void report_metric(lshost_ctx* ctx, const char* name, std::int32_t kind, double value) noexcept {
  const auto known = metric_kind_from_c(kind);
  if (!known || text_of(name).empty()) return;
  tell_observer(ctx, [&](ReplicaObserver& observer) { observer.metric(name, *known, value); });
}

// ---- threads, services ----

std::int32_t spawn_thread(lshost_ctx* ctx, const char* name, LSHOST_FN(void, fn, void*), void* arg,
                          lshost_error* err) noexcept {
  return guard(err, [&]() -> std::int32_t {
    if (fn == nullptr) throw Error(ErrorCode::invalid, "fn is NULL");
    if (of(ctx).is_stopping()) return LSHOST_CANCELLED;
    of(ctx).threads().spawn(std::string(text_of(name)), [fn, arg] { fn(arg); });
    return LSHOST_OK;
  });
}

std::int32_t create_with_engine(lshost_ctx* ctx, const char* type, lshost_store* store, lshost_replicator** out,
                                lshost_error* err) noexcept {
  return engine::create(host_services(), ctx, type, store, out, err);
}

constexpr lshost_engine kEngine = {sizeof(lshost_engine), 0, create_with_engine};

const void* find_extension(lshost_ctx* /*ctx*/, const char* id) noexcept {
  return text_of(id) == LSHOST_HOST_ENGINE ? &kEngine : nullptr;
}

constexpr lshost_host kServices = {
    sizeof(lshost_host), LSHOST_ABI_MINOR, get_info,      config_get,     config_check, get_status,    wal_open,
    snapshot_open,       snapshot_due,     wait_for_more, pause_worker,   is_cancelled, get_event_fd,  report_pos,
    report_snapshot,     report_state,     report_error,  is_log_enabled, log_message,  report_metric, spawn_thread,
    find_extension,
};

}  // namespace

const lshost_host& host_services() noexcept { return kServices; }

}  // namespace lshost::plugin
