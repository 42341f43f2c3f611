#include "support/fake_host.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <lshost/wal.hpp>
#include <utility>

#include "engine/engine.hpp"

namespace lshost::test {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

FakeHost& of(lshost_ctx* ctx) { return *reinterpret_cast<FakeHost*>(ctx); }

/// The end of the last transaction in a log that nobody writes to now.
std::uint64_t committed_end(ByteSpan log) {
  if (log.size() < wal::kHeaderSize) return 0;
  const auto header = wal::parse_header(log);
  if (!header) return 0;
  wal::Chain chain(*header);
  const auto frame_size = static_cast<std::size_t>(wal::frame_size(header->page_size));
  for (std::size_t at = wal::kHeaderSize; at + frame_size <= log.size(); at += frame_size) {
    if (!chain.accept(log.subspan(at, frame_size))) break;
  }
  return chain.committed_frames() == 0 ? 0 : wal::frames_end(chain.committed_frames(), header->page_size);
}

/// A stream over bytes of its own.
struct BytesReader : lshost_reader {
  Bytes bytes;
  std::size_t done = 0;
  std::function<std::int32_t(std::uint64_t)> before;
  std::atomic<std::uint64_t>* given = nullptr;  // of a host, which outlives its readers
};

lshost_reader* make_reader(Bytes bytes, std::function<std::int32_t(std::uint64_t)> before,
                           std::atomic<std::uint64_t>* given) {
  auto reader = std::make_unique<BytesReader>();
  reader->struct_size = sizeof(lshost_reader);
  reader->flags = 0;
  reader->impl = reader.get();
  reader->bytes = std::move(bytes);
  reader->before = std::move(before);
  reader->given = given;
  reader->fd = nullptr;
  reader->read = [](lshost_reader* self, void* buf, std::size_t cap, std::size_t* n,
                    lshost_error* err) noexcept -> std::int32_t {
    auto& from = *static_cast<BytesReader*>(self->impl);
    *n = 0;
    const std::int32_t result = from.before ? from.before(from.done) : LSHOST_OK;
    if (result != LSHOST_OK) {
      if (result < 0) detail::FillError(err, result, LSHOST_ERR_RETRYABLE, {}, "the test failed this read");
      return result;
    }
    *n = std::min(cap, from.bytes.size() - from.done);
    if (*n > 0) std::memcpy(buf, &from.bytes[from.done], *n);
    from.done += *n;
    if (from.given != nullptr) *from.given += *n;
    return LSHOST_OK;
  };
  reader->close = [](lshost_reader* self) noexcept { delete static_cast<BytesReader*>(self->impl); };
  return reader.release();
}

void give_text(const std::string& text, lshost_value& out) {
  out.type = LSHOST_CFG_STRING;
  out.s = text.c_str();
  out.s_len = text.size();
}

/// A value as config_get answers: LSHOST_E_CONFIG where it is of another type.
std::int32_t give(const ConfigValue& value, std::int32_t index, std::int32_t type, lshost_value& out) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    if (index < 0 || type != LSHOST_CFG_STRING) return LSHOST_E_CONFIG;
    if (static_cast<std::size_t>(index) >= list->size()) return LSHOST_E_NOT_FOUND;
    give_text((*list)[static_cast<std::size_t>(index)], out);
    return LSHOST_OK;
  }
  if (index > 0) return LSHOST_E_NOT_FOUND;
  out.type = type;
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && type == LSHOST_CFG_STRING) {
    give_text(*text, out);
  } else if (const auto* flag = std::get_if<bool>(&value); flag != nullptr && type == LSHOST_CFG_BOOL) {
    out.i = *flag ? 1 : 0;
  } else if (const auto* time = std::get_if<std::chrono::nanoseconds>(&value); time && type == LSHOST_CFG_DURATION) {
    out.i = time->count();
  } else if (const auto* number = std::get_if<std::int64_t>(&value);
             number != nullptr && (type == LSHOST_CFG_INT || type == LSHOST_CFG_SIZE)) {
    out.i = *number;
  } else {
    return LSHOST_E_CONFIG;
  }
  return LSHOST_OK;
}

}  // namespace

struct FakeHost::Callbacks {
  static std::int32_t config_get(lshost_ctx* ctx, const char* key, std::int32_t index, std::int32_t type,
                                 lshost_value* out, lshost_error*) noexcept {
    const auto found = of(ctx).config_.find(key);
    if (found == of(ctx).config_.end()) return LSHOST_E_NOT_FOUND;
    return give(found->second, index, type, *out);
  }

  static std::int32_t status(lshost_ctx* ctx, lshost_db_status* out, lshost_error*) noexcept {
    FakeHost& host = of(ctx);
    const std::lock_guard hold(host.mutex_);
    if (host.generation_.empty()) return LSHOST_END;
    out->page_size = 0;
    out->oldest = Position{host.generation_, host.first_index_, 0}.ToC();
    out->tip = host.tip_locked().ToC();
    return LSHOST_OK;
  }

  static std::int32_t wal_open(lshost_ctx* ctx, const lshost_pos* from_c, lshost_wal_info* info, lshost_reader** out,
                               lshost_error* err) noexcept {
    FakeHost& host = of(ctx);
    Position from = Position::From(*from_c);
    const std::int32_t result = host.on_wal_open.call_or(LSHOST_OK, from);
    if (result < 0) detail::FillError(err, result, LSHOST_ERR_RETRYABLE, {}, "the test failed this call");
    if (result != LSHOST_OK) return result;
    std::unique_lock hold(host.mutex_);
    if (host.cancelled_) return LSHOST_CANCELLED;
    if (from.generation != host.generation_ || from.index < host.first_index_ || from.index > host.last_index_) {
      return LSHOST_GONE;
    }
    if (from.offset > host.indexes_[from.index].bytes.size()) return LSHOST_GONE;
    if (from.offset == host.indexes_[from.index].bytes.size()) {
      const bool more = from.index < host.last_index_ && !host.indexes_[from.index + 1].bytes.empty();
      if (!more) {
        hold.unlock();
        host.at_tip.call();
        return LSHOST_END;
      }
      from = {from.generation, from.index + 1, 0};
    }
    const Index& index = host.indexes_[from.index];
    const Run* run = &index.runs.back();
    if (host.one_run_per_commit_) {
      run = &*std::find_if(index.runs.begin(), index.runs.end(), [&](const Run& r) { return r.end > from.offset; });
    }
    info->start = from.ToC();
    info->end = Position{from.generation, from.index, run->end}.ToC();
    info->page_size = host.page_size_;
    info->commit_ns = run->commit_ns;
    info->flags = run->complete ? LSHOST_WAL_INDEX_COMPLETE : 0;
    *out = make_reader({index.bytes.begin() + static_cast<std::ptrdiff_t>(from.offset),
                        index.bytes.begin() + static_cast<std::ptrdiff_t>(run->end)},
                       {}, &host.given_);
    return LSHOST_OK;
  }

  static std::int32_t snapshot_open(lshost_ctx* ctx, std::uint32_t, lshost_snapshot_info* info, lshost_reader** out,
                                    lshost_error*) noexcept {
    FakeHost& host = of(ctx);
    const std::lock_guard hold(host.mutex_);
    if (host.cancelled_) return LSHOST_CANCELLED;
    if (host.generation_.empty()) return LSHOST_END;
    ++host.snapshots_opened_;
    const Stored& now = host.images_.at(host.tip_locked().ToString());
    info->pos = host.tip_locked().ToC();
    info->size = now.image.size();
    info->created_ns = now.commit_ns;
    info->page_size = host.page_size_;
    const auto before = [&host](std::uint64_t done) { return host.on_snapshot_read.call_or(LSHOST_OK, done); };
    *out = make_reader(now.image, before, nullptr);
    return LSHOST_OK;
  }

  static std::int32_t snapshot_due(lshost_ctx* ctx) noexcept {
    const std::lock_guard hold(of(ctx).mutex_);
    return of(ctx).due_ ? 1 : 0;
  }

  static std::int32_t wait(lshost_ctx* ctx, const lshost_pos* seen_c, std::int64_t timeout_ms) noexcept {
    FakeHost& host = of(ctx);
    const Position seen = seen_c == nullptr ? Position{} : Position::From(*seen_c);
    std::unique_lock hold(host.mutex_);
    const auto changed = [&] {
      if (host.cancelled_ || host.due_) return true;
      return !host.generation_.empty() && host.tip_locked() != seen;
    };
    if (timeout_ms < 0) {
      host.changed_.wait(hold, changed);
    } else if (!host.changed_.wait_for(hold, std::chrono::milliseconds(timeout_ms), changed)) {
      return LSHOST_TIMEOUT;
    }
    return host.cancelled_ ? LSHOST_CANCELLED : LSHOST_OK;
  }

  // Back-off is not waited for: what the destination is like decides, not how late it is. (A pause of a millisecond, so
  // that a test which waits for many failures does not burn a core.)
  static std::int32_t sleep(lshost_ctx* ctx, std::int64_t) noexcept {
    FakeHost& host = of(ctx);
    std::unique_lock hold(host.mutex_);
    (void)host.changed_.wait_for(hold, std::chrono::milliseconds(1), [&] { return host.cancelled_; });
    return host.cancelled_ ? LSHOST_CANCELLED : LSHOST_OK;
  }

  static std::int32_t create_with_engine(lshost_ctx* ctx, const char* type, lshost_store* store,
                                         lshost_replicator** out, lshost_error* err) noexcept {
    return engine::create(of(ctx).table_, ctx, type, store, out, err);
  }
  static constexpr lshost_engine kEngine = {sizeof(lshost_engine), 0, create_with_engine};

  template <class Change>
  static void note(lshost_ctx* ctx, Change change) noexcept {
    FakeHost& host = of(ctx);
    {
      const std::lock_guard hold(host.mutex_);
      change(host);
    }
    host.changed_.notify_all();
  }
};

FakeHost::FakeHost(ConfigValues config, std::uint32_t page_size)
    : config_(std::move(config)),
      page_size_(page_size),
      database_(std::make_unique<AppDatabase>(page_size)),
      table_{},
      info_{} {
  database_->exec("PRAGMA synchronous=OFF");  // what is tested is the replica
  info_.struct_size = sizeof info_;
  info_.replica = "file";
  info_.database = "app.db";
  table_.struct_size = sizeof table_;
  table_.abi_minor = LSHOST_ABI_MINOR;
  table_.info = [](lshost_ctx* ctx) noexcept -> const lshost_replica_info* { return &of(ctx).info_; };
  table_.config_get = Callbacks::config_get;
  table_.config_check = [](lshost_ctx*, lshost_error*) noexcept -> std::int32_t { return LSHOST_OK; };
  table_.status = Callbacks::status;
  table_.wal_open = Callbacks::wal_open;
  table_.snapshot_open = Callbacks::snapshot_open;
  table_.snapshot_due = Callbacks::snapshot_due;
  table_.wait = Callbacks::wait;
  table_.sleep = Callbacks::sleep;
  table_.cancelled = [](lshost_ctx* ctx) noexcept -> std::int32_t {
    const std::lock_guard hold(of(ctx).mutex_);
    return of(ctx).cancelled_ ? 1 : 0;
  };
  table_.event_fd = [](lshost_ctx*) noexcept -> std::int32_t { return -1; };
  table_.report_pos = [](lshost_ctx* ctx, const lshost_pos* pos) noexcept {
    Callbacks::note(ctx, [&](FakeHost& host) { host.reported_.push_back(Position::From(*pos)); });
  };
  table_.report_snapshot = [](lshost_ctx* ctx, const lshost_pos* pos, std::uint64_t) noexcept {
    Callbacks::note(ctx, [&](FakeHost& host) {
      host.due_ = false;
      host.snapshots_.push_back(Position::From(*pos));
    });
  };
  table_.report_state = [](lshost_ctx* ctx, std::int32_t state, const char* detail) noexcept {
    Callbacks::note(ctx, [&](FakeHost& host) {
      host.states_.push_back(state);
      host.detail_ = detail == nullptr ? "" : detail;
    });
  };
  table_.report_error = [](lshost_ctx* ctx, const lshost_error* err) noexcept {
    Callbacks::note(ctx, [&](FakeHost& host) { host.errors_.emplace_back(err->message); });
  };
  table_.log_enabled = [](lshost_ctx*, std::int32_t) noexcept -> std::int32_t { return 1; };
  table_.log = [](lshost_ctx* ctx, std::int32_t level, const char* message, const lshost_kv* kv,
                  std::size_t count) noexcept {
    if (level < LSHOST_LOG_WARN) return;
    std::string line = message;
    for (std::size_t i = 0; i < count; ++i) line += std::string(" ") + kv[i].key + "=" + kv[i].value;
    Callbacks::note(ctx, [&](FakeHost& host) { host.warnings_.push_back(line); });
  };
  table_.metric = [](lshost_ctx*, const char*, std::int32_t, double) noexcept {};
  table_.spawn = [](lshost_ctx* ctx, const char*, LSHOST_FN(void, fn, void*), void* arg,
                    lshost_error*) noexcept -> std::int32_t {
    const std::lock_guard hold(of(ctx).threads_mutex_);
    of(ctx).threads_.emplace_back([fn, arg] { fn(arg); });
    return LSHOST_OK;
  };
  table_.extension = [](lshost_ctx*, const char* id) noexcept -> const void* {
    return std::string_view(id) == LSHOST_HOST_ENGINE ? &Callbacks::kEngine : nullptr;
  };
}

FakeHost::~FakeHost() {
  cancel();
  join_and_reset();
}

Context FakeHost::context() { return {&table_, reinterpret_cast<lshost_ctx*>(this)}; }

// ---- the database ----

Position FakeHost::commit(const std::string& sql) {
  Position now;
  {
    const std::lock_guard hold(mutex_);
    database_->exec(sql);
    capture();
    now = tip_locked();
  }
  changed_.notify_all();
  return now;
}

void FakeHost::capture() {
  const Bytes log = database_->wal_bytes();
  const std::uint64_t end = committed_end(log);
  if (end == 0) return;
  Index* index = &indexes_[last_index_];
  if (!index->bytes.empty() && !std::equal(log.begin(), log.begin() + wal::kHeaderSize, index->bytes.begin())) {
    index = &indexes_[++last_index_];
  }
  if (end == index->bytes.size()) return;
  clock_ns_ += 1'000'000;
  index->runs.push_back({index->bytes.size(), end, clock_ns_, false});
  index->bytes.assign(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(end));
  remember_tip();
}

void FakeHost::remember_tip() {
  images_[tip_locked().ToString()] = {serialize(), clock_ns_};
  tips_.push_back(tip_locked());
}

Bytes FakeHost::serialize() const {
  sqlite3_int64 size = 0;
  unsigned char* data = sqlite3_serialize(database_->handle(), "main", &size, 0);
  const auto bytes = std::as_bytes(std::span(data, static_cast<std::size_t>(size)));
  Bytes image(bytes.begin(), bytes.end());
  sqlite3_free(data);
  return image;
}

void FakeHost::restart_wal(Finish finish) {
  {
    const std::lock_guard hold(mutex_);
    database_->exec("PRAGMA wal_checkpoint(RESTART)");
    if (finish == Finish::with_last_run) indexes_[last_index_].runs.back().complete = true;
    if (finish == Finish::with_tip) {
      indexes_[++last_index_] = {};
      remember_tip();
    }
  }
  changed_.notify_all();
}

void FakeHost::new_generation() {
  {
    const std::lock_guard hold(mutex_);
    database_->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    char name[17];
    (void)std::snprintf(name, sizeof name, "%016x", 0xabc0 + ++generations_);
    generation_ = name;
    indexes_.clear();
    first_index_ = last_index_ = 0;
    indexes_[0] = {};
    remember_tip();
  }
  changed_.notify_all();
}

void FakeHost::trim_before(std::uint64_t index) {
  const std::lock_guard hold(mutex_);
  first_index_ = index;
}

void FakeHost::set_snapshot_due() {
  {
    const std::lock_guard hold(mutex_);
    due_ = true;
  }
  changed_.notify_all();
}

void FakeHost::set_one_run_per_commit(bool on) {
  const std::lock_guard hold(mutex_);
  one_run_per_commit_ = on;
}

Position FakeHost::tip_locked() const { return {generation_, last_index_, indexes_.at(last_index_).bytes.size()}; }

Position FakeHost::tip() const {
  const std::lock_guard hold(mutex_);
  return tip_locked();
}

Bytes FakeHost::image_at(const Position& position) const {
  const std::lock_guard hold(mutex_);
  return images_.at(position.ToString()).image;
}

std::int64_t FakeHost::commit_ns_of(const Position& position) const {
  const std::lock_guard hold(mutex_);
  return images_.at(position.ToString()).commit_ns;
}

std::vector<Position> FakeHost::all_tips() const {
  const std::lock_guard hold(mutex_);
  return tips_;
}

// ---- the replicator's life ----

void FakeHost::cancel() {
  {
    const std::lock_guard hold(mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
}

void FakeHost::join_and_reset() {
  for (;;) {
    std::vector<std::thread> ending;
    {
      const std::lock_guard hold(threads_mutex_);
      ending.swap(threads_);
    }
    if (ending.empty()) break;
    for (auto& thread : ending) thread.join();
  }
  const std::lock_guard hold(mutex_);
  cancelled_ = false;
}

// ---- what the replicator said ----

Position FakeHost::durable() const {
  const std::lock_guard hold(mutex_);
  return reported_.empty() ? Position{} : reported_.back();
}

std::vector<Position> FakeHost::reported() const {
  const std::lock_guard hold(mutex_);
  return reported_;
}

std::vector<Position> FakeHost::snapshots() const {
  const std::lock_guard hold(mutex_);
  return snapshots_;
}

std::vector<std::string> FakeHost::errors() const {
  const std::lock_guard hold(mutex_);
  return errors_;
}

std::vector<std::string> FakeHost::warnings() const {
  const std::lock_guard hold(mutex_);
  return warnings_;
}

std::vector<std::int32_t> FakeHost::states() const {
  const std::lock_guard hold(mutex_);
  return states_;
}

std::string FakeHost::state_detail() const {
  const std::lock_guard hold(mutex_);
  return detail_;
}

std::uint64_t FakeHost::wal_bytes_given() const { return given_; }

int FakeHost::snapshots_opened() const {
  const std::lock_guard hold(mutex_);
  return snapshots_opened_;
}

void FakeHost::forget_reports() {
  const std::lock_guard hold(mutex_);
  reported_.clear();
  snapshots_.clear();
  errors_.clear();
  warnings_.clear();
  states_.clear();
  given_ = 0;
  snapshots_opened_ = 0;
}

bool FakeHost::wait_until(const std::function<bool(const Said&)>& true_now) {
  std::unique_lock hold(mutex_);
  return changed_.wait_for(hold, kPatience,
                           [&] { return true_now({reported_, snapshots_, errors_, warnings_, states_}); });
}

bool FakeHost::wait_until_durable(const Position& position) {
  return wait_until([&](const Said& said) { return !said.reported.empty() && said.reported.back() == position; });
}

bool FakeHost::wait_until_state(std::int32_t state) {
  return wait_until([&](const Said& said) { return !said.states.empty() && said.states.back() == state; });
}

}  // namespace lshost::test
