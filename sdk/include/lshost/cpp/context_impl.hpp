// lshost/cpp/context_impl.hpp - the bodies of context.hpp. Include that one.
// SPDX-License-Identifier: MIT
#pragma once

#include <lshost/cpp/context.hpp>

namespace lshost::inline v1 {

// ---- who we are ----

namespace detail {

/// Text of the other side: NULL is "".
inline std::string TextOf(const char* text) { return text == nullptr ? "" : text; }

}  // namespace detail

inline std::string Context::Replica() const { return detail::TextOf(CInfo().replica); }
inline std::string Context::Database() const { return detail::TextOf(CInfo().database); }
inline std::string Context::WorkDir() const { return detail::TextOf(CInfo().work_dir); }

// ---- configuration ----

inline std::optional<lshost_value> Context::Find(const char* key, std::int32_t type, std::int32_t index) const {
  lshost_value value{};
  value.struct_size = sizeof value;
  detail::ErrorOut err;
  const std::int32_t result = host_->config_get(ctx_, key, index, type, &value, &err);
  if (result == LSHOST_E_NOT_FOUND) return std::nullopt;
  detail::Check(result, err);
  return value;
}

inline lshost_value Context::Require(const char* key, std::int32_t type) const {
  if (auto value = Find(key, type)) return *value;
  throw Error::Config(std::string("the key '") + key + "' is missing");
}

inline std::string Context::String(const char* key) const {
  const auto value = Require(key, LSHOST_CFG_STRING);
  return {value.s, value.s_len};
}
inline std::string Context::String(const char* key, const std::string& otherwise) const {
  const auto value = Find(key, LSHOST_CFG_STRING);
  return value ? std::string(value->s, value->s_len) : otherwise;
}

inline std::int64_t Context::Int(const char* key) const { return Require(key, LSHOST_CFG_INT).i; }
inline std::int64_t Context::Int(const char* key, std::int64_t otherwise) const {
  const auto value = Find(key, LSHOST_CFG_INT);
  return value ? value->i : otherwise;
}

inline bool Context::Bool(const char* key) const { return Require(key, LSHOST_CFG_BOOL).i != 0; }
inline bool Context::Bool(const char* key, bool otherwise) const {
  const auto value = Find(key, LSHOST_CFG_BOOL);
  return value ? value->i != 0 : otherwise;
}

inline double Context::Double(const char* key) const { return Require(key, LSHOST_CFG_DOUBLE).f; }
inline double Context::Double(const char* key, double otherwise) const {
  const auto value = Find(key, LSHOST_CFG_DOUBLE);
  return value ? value->f : otherwise;
}

inline std::chrono::nanoseconds Context::Duration(const char* key) const {
  return nanoseconds(Require(key, LSHOST_CFG_DURATION).i);
}
inline std::chrono::nanoseconds Context::Duration(const char* key, nanoseconds otherwise) const {
  const auto value = Find(key, LSHOST_CFG_DURATION);
  return value ? nanoseconds(value->i) : otherwise;
}

inline std::uint64_t Context::Size(const char* key) const {
  return static_cast<std::uint64_t>(Require(key, LSHOST_CFG_SIZE).i);
}
inline std::uint64_t Context::Size(const char* key, std::uint64_t otherwise) const {
  const auto value = Find(key, LSHOST_CFG_SIZE);
  return value ? static_cast<std::uint64_t>(value->i) : otherwise;
}

inline std::vector<std::string> Context::Strings(const char* key) const {
  std::vector<std::string> all;
  for (std::int32_t index = 0; const auto value = Find(key, LSHOST_CFG_STRING, index); ++index) {
    all.emplace_back(value->s, value->s_len);
  }
  return all;
}

inline bool Context::Has(const char* key) const {
  // A value of another type is there, too.
  lshost_value value{};
  value.struct_size = sizeof value;
  return host_->config_get(ctx_, key, -1, LSHOST_CFG_STRING, &value, nullptr) != LSHOST_E_NOT_FOUND;
}

inline void Context::NoOtherKeys() const {
  detail::ErrorOut err;
  detail::Check(host_->config_check(ctx_, &err), err);
}

// ---- the database ----

inline std::optional<DatabaseStatus> Context::Status() const {
  lshost_db_status status{};
  status.struct_size = sizeof status;
  detail::ErrorOut err;
  if (detail::Check(host_->status(ctx_, &status, &err), err) != LSHOST_OK) return std::nullopt;
  return DatabaseStatus{Position::From(status.oldest), Position::From(status.tip), status.page_size};
}

inline std::optional<Wal> Context::OpenWal(const Position& from) const {
  const lshost_pos start = from.ToC();
  lshost_wal_info info{};
  info.struct_size = sizeof info;
  lshost_reader* reader = nullptr;
  detail::ErrorOut err;
  if (detail::Check(host_->wal_open(ctx_, &start, &info, &reader, &err), err) != LSHOST_OK) return std::nullopt;
  HostReader bytes(reader);
  return Wal{Position::From(info.start),
             Position::From(info.end),
             info.page_size,
             info.commit_ns,
             (info.flags & LSHOST_WAL_INDEX_COMPLETE) != 0,
             std::move(bytes)};
}

inline std::optional<Snapshot> Context::OpenSnapshot() const {
  lshost_snapshot_info info{};
  info.struct_size = sizeof info;
  lshost_reader* reader = nullptr;
  detail::ErrorOut err;
  if (detail::Check(host_->snapshot_open(ctx_, 0, &info, &reader, &err), err) != LSHOST_OK) return std::nullopt;
  HostReader bytes(reader);
  return Snapshot{Position::From(info.pos), info.page_size, info.size, info.created_ns, std::move(bytes)};
}

// ---- waiting ----

inline bool Context::Wait(const Position& seen, milliseconds limit) const {
  const lshost_pos position = seen.ToC();
  return detail::Check(host_->wait(ctx_, &position, limit.count()), detail::ErrorOut()) == LSHOST_OK;
}

inline void Context::Sleep(milliseconds duration) const {
  detail::Check(host_->sleep(ctx_, duration.count()), detail::ErrorOut());
}

inline void Context::ThrowIfStopping() const {
  if (Stopping()) throw Cancelled{};
}

// ---- reporting ----

inline void Context::Durable(const Position& position) const noexcept {
  const lshost_pos durable = position.ToC();
  host_->report_pos(ctx_, &durable);
}

inline void Context::SnapshotDone(const Position& position, std::uint64_t size) const noexcept {
  const lshost_pos taken = position.ToC();
  host_->report_snapshot(ctx_, &taken, size);
}

inline void Context::State(ReplicaState state, const std::string& detail) const noexcept {
  host_->report_state(ctx_, static_cast<std::int32_t>(state), detail.empty() ? nullptr : detail.c_str());
}

inline void Context::Failed(const std::exception& failure) const noexcept {
  detail::ErrorOut err;
  const auto* known = dynamic_cast<const Error*>(&failure);
  if (known != nullptr) {
    detail::FillError(&err, known->Code(), known->Flags(), known->RetryAfter(), known->what());
  } else {
    detail::FillError(&err, LSHOST_E_INTERNAL, 0, milliseconds(0), failure.what());
  }
  host_->report_error(ctx_, &err);
}

inline void Context::Log(LogLevel level, const std::string& message, std::initializer_list<Field> fields) const {
  const auto c_level = static_cast<std::int32_t>(level);
  if (host_->log_enabled(ctx_, c_level) == 0) return;
  std::vector<lshost_kv> pairs;
  pairs.reserve(fields.size());
  for (const Field& field : fields) pairs.push_back({field.key, field.value.c_str()});
  host_->log(ctx_, c_level, message.c_str(), pairs.data(), pairs.size());
}

inline void Context::Debug(const std::string& message, std::initializer_list<Field> fields) const {
  Log(LogLevel::Debug, message, fields);
}
inline void Context::Info(const std::string& message, std::initializer_list<Field> fields) const {
  Log(LogLevel::Info, message, fields);
}
inline void Context::Warn(const std::string& message, std::initializer_list<Field> fields) const {
  Log(LogLevel::Warn, message, fields);
}

inline void Context::Metric(const char* name, std::int32_t kind, double value) const noexcept {
  host_->metric(ctx_, name, kind, value);
}
inline void Context::Count(const char* name, double by) const noexcept { Metric(name, LSHOST_METRIC_COUNTER, by); }
inline void Context::Gauge(const char* name, double value) const noexcept { Metric(name, LSHOST_METRIC_GAUGE, value); }
inline void Context::Observe(const char* name, double value) const noexcept {
  Metric(name, LSHOST_METRIC_HISTOGRAM, value);
}

// ---- threads ----

namespace detail {

struct SpawnedWork {
  Context context;
  std::function<void()> work;
};

inline void RunSpawnedWork(void* arg) noexcept {
  const std::unique_ptr<SpawnedWork> spawned(static_cast<SpawnedWork*>(arg));
  ErrorOut err;
  const std::int32_t result = Guard(&err, spawned->work);
  if (result == LSHOST_OK || result == LSHOST_CANCELLED) return;
  if (result == LSHOST_GONE) {
    FillError(&err, LSHOST_E_INTERNAL, 0, std::chrono::milliseconds(0),
              "the worker ended because it did not handle a position that is gone");
  }
  const lshost_host* host = spawned->context.CHost();
  host->report_error(spawned->context.CContext(), &err);
  host->report_state(spawned->context.CContext(), LSHOST_STATE_FAILED, err.message);
}

}  // namespace detail

inline void Context::Spawn(const char* name, std::function<void()> work) const {
  auto spawned = std::make_unique<detail::SpawnedWork>(detail::SpawnedWork{*this, std::move(work)});
  detail::ErrorOut err;
  detail::Check(host_->spawn(ctx_, name, detail::RunSpawnedWork, spawned.get(), &err), err);
  (void)spawned.release();  // the thread owns it now
}

}  // namespace lshost::inline v1
