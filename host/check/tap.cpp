#include "check/tap.hpp"

#include <lshost/ext/store.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "engine/engine.hpp"
#include "plugin/abi.hpp"
#include "plugin/convert.hpp"
#include "plugin/host_services.hpp"
#include "plugin/replica_context.hpp"

namespace lshost::check {
namespace {

using plugin::host_services;
using plugin::text_of;

constexpr std::array<std::string_view, 7> kNames = {
    "status", "wal_open", "a read of WAL", "snapshot_open", "a read of a snapshot", "wait", "sleep"};

Tap& of(lshost_ctx* ctx) noexcept { return *const_cast<Tap*>(static_cast<const Tap*>(ctx->context->setup().services)); }

/// The further one of one generation; of two generations the newer one, which is `next`.
db::Position further(const db::Position& known, const db::Position& next) {
  if (known.generation != next.generation) return next;
  return db::order(known, next) < 0 ? next : known;
}

}  // namespace

std::string_view to_string(Call call) noexcept { return kNames.at(static_cast<std::size_t>(call)); }

template <class Change>
void Tap::note(Change&& change) {
  {
    const MutexLock lock(mutex_);
    std::forward<Change>(change)(said_);
  }
  changed_.notify_all();
}

std::int32_t Tap::ask(Call call, lshost_ctx* ctx, lshost_error* err) const {
  const std::int32_t result = before ? before(call, ctx) : LSHOST_OK;
  if (result < 0) {
    plugin::fill_error(err, result, error_flags, "the check lets " + std::string(to_string(call)) + " fail");
  }
  return result;
}

/// A stream of the host's, passed on.
struct Tap::Stream : lshost_reader {
  Tap* tap;
  lshost_ctx* ctx;
  lshost_reader* inner;
  Call call;
  db::Position start;  // wal: of the first byte; snapshot: of the image
  std::uint64_t size = 0;
  std::uint64_t done = 0;

  static std::int32_t read_inner(lshost_reader* self, void* buf, std::size_t cap, std::size_t* n,
                                 lshost_error* err) noexcept {
    auto& stream = *static_cast<Stream*>(self->impl);
    *n = 0;
    const std::int32_t asked = stream.tap->ask(stream.call, stream.ctx, err);
    if (asked != LSHOST_OK) return asked;
    const std::int32_t result = stream.inner->read(stream.inner, buf, cap, n, err);
    if (result != LSHOST_OK) return result;
    stream.done += *n;
    stream.count();
    return result;
  }

  void count() noexcept {
    if (call == Call::snapshot_read && done < size) return;
    db::Position end = start;
    if (call == Call::wal_read) end.offset += done;
    tap->note([&](Said& said) { said.covered = further(said.covered, end); });
  }

  static std::int32_t file(lshost_reader* self, std::uint64_t* offset, std::uint64_t* length) noexcept {
    auto& stream = *static_cast<Stream*>(self->impl);
    return stream.inner->fd == nullptr ? -1 : stream.inner->fd(stream.inner, offset, length);
  }

  static void end(lshost_reader* self) noexcept {
    const std::unique_ptr<Stream> stream(static_cast<Stream*>(self->impl));
    stream->inner->close(stream->inner);
  }

  static lshost_reader* wrap(lshost_ctx* ctx, lshost_reader* inner, Call call, db::Position start, std::uint64_t size) {
    auto stream = std::make_unique<Stream>();
    stream->struct_size = sizeof(lshost_reader);
    stream->impl = stream.get();
    stream->read = read_inner;
    stream->fd = of(ctx).hides_descriptors ? nullptr : file;
    stream->close = end;
    stream->tap = &of(ctx);
    stream->ctx = ctx;
    stream->inner = inner;
    stream->call = call;
    stream->start = std::move(start);
    stream->size = size;
    return stream.release();
  }
};

struct Tap::Calls {
  static std::int32_t config_get(lshost_ctx* ctx, const char* key, std::int32_t index, std::int32_t type,
                                 lshost_value* out, lshost_error* err) noexcept {
    const std::int32_t result = host_services().config_get(ctx, key, index, type, out, err);
    if (result == LSHOST_E_CONFIG) {
      of(ctx).note([&](Said& said) { said.refused_values.emplace_back(text_of(key)); });
    }
    return result;
  }

  static std::int32_t status(lshost_ctx* ctx, lshost_db_status* out, lshost_error* err) noexcept {
    const std::int32_t asked = of(ctx).ask(Call::status, ctx, err);
    return asked != LSHOST_OK ? asked : host_services().status(ctx, out, err);
  }

  static std::int32_t wal_open(lshost_ctx* ctx, const lshost_pos* from, lshost_wal_info* info, lshost_reader** out,
                               lshost_error* err) noexcept {
    const std::int32_t asked = of(ctx).ask(Call::wal_open, ctx, err);
    if (asked != LSHOST_OK) {
      if (out != nullptr) *out = nullptr;
      return asked;
    }
    const std::int32_t result = host_services().wal_open(ctx, from, info, out, err);
    if (result == LSHOST_OK) *out = Stream::wrap(ctx, *out, Call::wal_read, plugin::from_c(info->start), 0);
    return result;
  }

  static std::int32_t snapshot_open(lshost_ctx* ctx, std::uint32_t flags, lshost_snapshot_info* info,
                                    lshost_reader** out, lshost_error* err) noexcept {
    const std::int32_t asked = of(ctx).ask(Call::snapshot_open, ctx, err);
    if (asked != LSHOST_OK) {
      if (out != nullptr) *out = nullptr;
      return asked;
    }
    const std::int32_t result = host_services().snapshot_open(ctx, flags, info, out, err);
    if (result == LSHOST_OK) {
      *out = Stream::wrap(ctx, *out, Call::snapshot_read, plugin::from_c(info->pos), info->size);
    }
    return result;
  }

  static std::int32_t wait(lshost_ctx* ctx, const lshost_pos* seen, std::int64_t timeout_ms) noexcept {
    const std::int32_t asked = of(ctx).ask(Call::wait, ctx, nullptr);
    return asked != LSHOST_OK ? asked : host_services().wait(ctx, seen, timeout_ms);
  }

  static std::int32_t pause(lshost_ctx* ctx, std::int64_t ms) noexcept {
    const std::int32_t asked = of(ctx).ask(Call::sleep, ctx, nullptr);
    if (asked != LSHOST_OK) return asked;
    return host_services().sleep(ctx, of(ctx).shortens_sleep ? std::min<std::int64_t>(ms, 1) : ms);
  }

  static void report_pos(lshost_ctx* ctx, const lshost_pos* durable) noexcept {
    if (durable != nullptr) {
      const db::Position position = plugin::from_c(*durable);
      Tap& tap = of(ctx);
      if (tap.on_durable) tap.on_durable(position);
      tap.note([&](Said& said) {
        said.durable.push_back(position);
        if (!tap.hides_descriptors || !said.too_early.empty()) return;
        const bool is_covered =
            said.covered.generation == position.generation && db::order(position, said.covered) <= 0;
        // The start of the next index is the same state as the end of the one before.
        const bool is_next = position.offset == 0 && position.index == said.covered.index + 1;
        if (!is_covered && !is_next) {
          said.too_early = to_string(position) + ", when it had read no further than " + to_string(said.covered);
        }
      });
    }
    host_services().report_pos(ctx, durable);
  }

  static void report_snapshot(lshost_ctx* ctx, const lshost_pos* pos, std::uint64_t size) noexcept {
    if (pos != nullptr) of(ctx).note([&](Said& said) { said.snapshots.push_back(plugin::from_c(*pos)); });
    host_services().report_snapshot(ctx, pos, size);
  }

  static void report_state(lshost_ctx* ctx, std::int32_t state, const char* detail) noexcept {
    of(ctx).note([&](Said& said) {
      said.states.push_back(state);
      said.texts.emplace_back(text_of(detail));
    });
    host_services().report_state(ctx, state, detail);
  }

  static void report_error(lshost_ctx* ctx, const lshost_error* err) noexcept {
    if (err != nullptr) {
      of(ctx).note([&](Said& said) {
        said.errors.push_back(plugin::message_of(plugin::copy_in(err)));
        said.texts.push_back(said.errors.back());
      });
    }
    host_services().report_error(ctx, err);
  }

  static std::int32_t log_enabled(lshost_ctx* /*ctx*/, std::int32_t /*level*/) noexcept { return 1; }

  static void log(lshost_ctx* ctx, std::int32_t /*level*/, const char* message, const lshost_kv* kv,
                  std::size_t n_kv) noexcept {
    std::string line(text_of(message));
    for (std::size_t i = 0; kv != nullptr && i < n_kv; ++i) {
      line += " " + std::string(text_of(kv[i].key)) + "=" + std::string(text_of(kv[i].value));
    }
    of(ctx).note([&](Said& said) { said.texts.push_back(std::move(line)); });
  }

  static void metric(lshost_ctx* ctx, const char* name, std::int32_t kind, double value) noexcept {
    of(ctx).note([&](Said& said) {
      const std::string text(text_of(name));
      if (std::ranges::find(said.texts, text) == said.texts.end()) said.texts.push_back(text);
    });
    host_services().metric(ctx, name, kind, value);
  }

  static std::int32_t create_with_engine(lshost_ctx* ctx, const char* type, lshost_store* store,
                                         lshost_replicator** out, lshost_error* err) noexcept {
    Tap& tap = of(ctx);
    if (!tap.take_store) return engine::create(tap, ctx, type, store, out, err);
    tap.take_store(store);
    plugin::fill_error(err, LSHOST_E_UNSUPPORTED, 0, "the check takes the store");
    return LSHOST_E_UNSUPPORTED;
  }
  static constexpr lshost_engine kEngine = {sizeof(lshost_engine), 0, create_with_engine};

  static const void* extension(lshost_ctx* ctx, const char* id) noexcept {
    return text_of(id) == LSHOST_HOST_ENGINE ? &kEngine : host_services().extension(ctx, id);
  }
};

Tap::Tap() : lshost_host(host_services()) {
  config_get = Calls::config_get;
  status = Calls::status;
  wal_open = Calls::wal_open;
  snapshot_open = Calls::snapshot_open;
  wait = Calls::wait;
  this->sleep = Calls::pause;
  report_pos = Calls::report_pos;
  report_snapshot = Calls::report_snapshot;
  report_state = Calls::report_state;
  report_error = Calls::report_error;
  log_enabled = Calls::log_enabled;
  log = Calls::log;
  metric = Calls::metric;
  extension = Calls::extension;
}

Tap::Said Tap::said() const {
  const MutexLock lock(mutex_);
  return said_;
}

bool Tap::wait_until(const std::function<bool(const Said&)>& holds, std::chrono::milliseconds limit) {
  MutexLock lock(mutex_);
  return changed_.wait(lock, std::chrono::steady_clock::now() + limit,
                       [&]() LSHOST_REQUIRES(mutex_) { return holds(said_); });
}

void Tap::forget() {
  const MutexLock lock(mutex_);
  said_ = {};
}

}  // namespace lshost::check
