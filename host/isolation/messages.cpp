#include "isolation/messages.hpp"

#include <utility>
#include <variant>

namespace lshost::isolation {
namespace {

// ---- what messages are made of ----

constexpr std::size_t kTextMin = 4;  // bytes of an empty text

template <class T, class Put>
void put_optional(Writer& to, const std::optional<T>& value, Put&& put_value) {
  to.flag(value.has_value());
  if (value) put_value(to, *value);
}

template <class T, class Get>
void get_optional(Reader& from, std::optional<T>& value, Get&& get_value) {
  value.reset();
  if (!from.flag()) return;
  T taken{};
  get_value(from, taken);
  value = std::move(taken);
}

template <class T, class Put>
void put_list(Writer& to, const std::vector<T>& list, Put&& put_value) {
  to.u32(static_cast<std::uint32_t>(list.size()));
  for (const T& value : list) put_value(to, value);
}

/// `size_min`: bytes that each element has at least.
template <class T, class Get>
void get_list(Reader& from, std::vector<T>& list, std::size_t size_min, Get&& get_value) {
  const std::size_t count = from.count(size_min);
  list.clear();
  list.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    T taken{};
    get_value(from, taken);
    list.push_back(std::move(taken));
  }
}

void put_text(Writer& to, const std::string& value) { to.text(value); }
void get_text(Reader& from, std::string& value) { value = from.text(); }
void put_ns(Writer& to, std::chrono::nanoseconds value) { to.i64(value.count()); }
std::chrono::nanoseconds get_ns(Reader& from) { return std::chrono::nanoseconds(from.i64()); }
void put_ms(Writer& to, std::chrono::milliseconds value) { to.i64(value.count()); }
std::chrono::milliseconds get_ms(Reader& from) { return std::chrono::milliseconds(from.i64()); }

template <class Enum>
void put_enum(Writer& to, Enum value) {
  to.u8(static_cast<std::uint8_t>(value));
}

void put_error(Writer& to, const Error& error) {
  put_enum(to, error.code());
  to.text(error.what());
}

std::optional<Error> get_error(Reader& from) {
  if (!from.flag()) return std::nullopt;
  const auto code = from.one_of(ErrorCode::internal);
  return Error(code, from.text());
}

// ---- configuration ----

void put_location(Writer& to, const config::Location& value) {
  to.u32(value.line);
  to.u32(value.column);
}

void get_location(Reader& from, config::Location& value) {
  value.line = from.u32();
  value.column = from.u32();
}

enum class ValueType : std::uint8_t { text, integer, real, flag, list };

void put_scalar(Writer& to, const config::Value& value) {
  put_location(to, value.location);
  put_location(to, value.end);
  to.flag(value.is_private);
  put_enum(to, static_cast<ValueType>(value.data.index()));
  if (const auto* text = std::get_if<std::string>(&value.data)) to.text(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) to.i64(*number);
  if (const auto* number = std::get_if<double>(&value.data)) to.real(*number);
  if (const auto* flag = std::get_if<bool>(&value.data)) to.flag(*flag);
}

void get_scalar(Reader& from, config::Value& value) {
  get_location(from, value.location);
  get_location(from, value.end);
  value.is_private = from.flag();
  switch (from.one_of(ValueType::list)) {
    case ValueType::text:
      value.data = from.text();
      return;
    case ValueType::integer:
      value.data = from.i64();
      return;
    case ValueType::real:
      value.data = from.real();
      return;
    case ValueType::flag:
      value.data = from.flag();
      return;
    case ValueType::list:
      value.data = std::vector<config::Value>{};
      return;
  }
}

constexpr std::size_t kScalarMin = 4 * 4 + 2;

/// An array holds no arrays, so this goes one level deep and no deeper.
void put_value(Writer& to, const config::Value& value) {
  put_scalar(to, value);
  if (const auto* list = std::get_if<std::vector<config::Value>>(&value.data)) put_list(to, *list, put_scalar);
}

void get_value(Reader& from, config::Value& value) {
  get_scalar(from, value);
  if (auto* list = std::get_if<std::vector<config::Value>>(&value.data)) get_list(from, *list, kScalarMin, get_scalar);
}

constexpr std::size_t kEntryMin = kTextMin + kScalarMin + 2 * 4 + 1;

void put_entry(Writer& to, const config::Entry& entry) {
  to.text(entry.key);
  put_value(to, entry.value);
  put_location(to, entry.key_location);
  to.flag(entry.is_broken);
}

void get_entry(Reader& from, config::Entry& entry) {
  entry.key = from.text();
  get_value(from, entry.value);
  get_location(from, entry.key_location);
  entry.is_broken = from.flag();
}

void put_replica(Writer& to, const config::ReplicaConfig& config) {
  to.text(config.type);
  to.text(config.name);
  put_ns(to, config.snapshot_interval);
  put_ns(to, config.retention);
  put_enum(to, config.isolation);
  to.u64(config.isolation_memory_limit_bytes);
  put_list(to, config.entries, put_entry);
  put_location(to, config.location);
  put_location(to, config.type_location);
}

void get_replica(Reader& from, config::ReplicaConfig& config) {
  config.type = from.text();
  config.name = from.text();
  config.snapshot_interval = get_ns(from);
  config.retention = get_ns(from);
  config.isolation = from.one_of(config::Isolation::process);
  config.isolation_memory_limit_bytes = from.u64();
  get_list(from, config.entries, kEntryMin, get_entry);
  get_location(from, config.location);
  get_location(from, config.type_location);
}

constexpr std::size_t kSpecMin = 3 * kTextMin + 7;  // a key, a help and a number of choices; types and flags

void put_spec(Writer& to, const config::KeySpec& spec) {
  to.text(spec.key);
  put_enum(to, spec.type);
  to.flag(spec.required);
  to.flag(spec.secret);
  to.flag(spec.list);
  to.flag(spec.deprecated);
  put_optional(to, spec.default_value, put_text);
  to.text(spec.help);
  put_list(to, spec.choices, put_text);
  put_enum(to, spec.url);
}

void get_spec(Reader& from, config::KeySpec& spec) {
  spec.key = from.text();
  spec.type = from.one_of(config::KeyType::size);
  spec.required = from.flag();
  spec.secret = from.flag();
  spec.list = from.flag();
  spec.deprecated = from.flag();
  get_optional(from, spec.default_value, get_text);
  spec.help = from.text();
  get_list(from, spec.choices, kTextMin, get_text);
  spec.url = from.one_of(config::UrlPart::path);
}

// ---- the feed ----

void put_position(Writer& to, const db::Position& value) {
  to.text(value.generation);
  to.u64(value.index);
  to.u64(value.offset);
}

void get_position(Reader& from, db::Position& value) {
  value.generation = from.text();
  value.index = from.u64();
  value.offset = from.u64();
}

void put_status(Writer& to, const db::FeedStatus& value) {
  to.u32(value.page_size);
  put_position(to, value.oldest);
  put_position(to, value.tip);
}

void get_status(Reader& from, db::FeedStatus& value) {
  value.page_size = from.u32();
  get_position(from, value.oldest);
  get_position(from, value.tip);
}

void put_run(Writer& to, const RunOffer& value) {
  put_position(to, value.from);
  put_position(to, value.start);
  put_position(to, value.end);
  to.u32(value.page_size);
  to.i64(value.commit_ns);
  to.flag(value.index_complete);
  to.u64(value.offset);
  to.u64(value.length);
}

void get_run(Reader& from, RunOffer& value) {
  get_position(from, value.from);
  get_position(from, value.start);
  get_position(from, value.end);
  value.page_size = from.u32();
  value.commit_ns = from.i64();
  value.index_complete = from.flag();
  value.offset = from.u64();
  value.length = from.u64();
}

void put_image(Writer& to, const ImageAnswer::Image& value) {
  put_position(to, value.position);
  to.u32(value.page_size);
  to.u32(value.db_size_pages);
  to.i64(value.created_ns);
  to.u64(value.shadow_frames);
}

void get_image(Reader& from, ImageAnswer::Image& value) {
  get_position(from, value.position);
  value.page_size = from.u32();
  value.db_size_pages = from.u32();
  value.created_ns = from.i64();
  value.shadow_frames = from.u64();
}

// ---- the rest ----

void put_time(Writer& to, const replica::CommitTime& value) {
  to.u64(value.end_offset);
  to.i64(value.commit_ns);
}

void get_time(Reader& from, replica::CommitTime& value) {
  value.end_offset = from.u64();
  value.commit_ns = from.i64();
}

constexpr std::size_t kItemMin = 46;

void put_pair(Writer& to, const LogLine::Pair& value) {
  to.text(value.key);
  to.text(value.value);
  to.flag(value.is_number);
}

void get_pair(Reader& from, LogLine::Pair& value) {
  value.key = from.text();
  value.value = from.text();
  value.is_number = from.flag();
}

}  // namespace

// ---- requests ----

void put(Writer& to, const Create& value) {
  put_list(to, value.plugin_folders, put_text);
  put_replica(to, value.config);
  to.text(value.config_file);
  to.text(value.database);
  to.text(value.work_dir);
  to.flag(value.is_online);
  put_position(to, value.durable);
  put_enum(to, value.log_level);
}

void get(Reader& from, Create& value) {
  get_list(from, value.plugin_folders, kTextMin, get_text);
  get_replica(from, value.config);
  value.config_file = from.text();
  value.database = from.text();
  value.work_dir = from.text();
  value.is_online = from.flag();
  get_position(from, value.durable);
  value.log_level = from.one_of(obs::Level::error);
}

void put(Writer& to, const Created& value) {
  to.text(value.name);
  to.text(value.type);
  to.flag(value.can_restore);
  to.flag(value.can_remove);
}

void get(Reader& from, Created& value) {
  value.name = from.text();
  value.type = from.text();
  value.can_restore = from.flag();
  value.can_remove = from.flag();
}

void put(Writer& to, const Describe& value) {
  put_list(to, value.plugin_folders, put_text);
  to.text(value.type);
}

void get(Reader& from, Describe& value) {
  get_list(from, value.plugin_folders, kTextMin, get_text);
  value.type = from.text();
}

void put(Writer& to, const Described& value) {
  to.flag(value.has_value());
  if (value) put_list(to, *value, put_spec);
}

void get(Reader& from, Described& value) {
  value.reset();
  if (from.flag()) get_list(from, value.emplace(), kSpecMin, get_spec);
}

void put(Writer& to, const StopRequest& value) { put_ms(to, value.deadline); }
void get(Reader& from, StopRequest& value) { value.deadline = get_ms(from); }

void put(Writer& to, const Standing& value) { to.flag(value.is_snapshotting); }
void get(Reader& from, Standing& value) { value.is_snapshotting = from.flag(); }

void put(Writer& to, const ListRequest& value) {
  put_enum(to, value.kind);
  to.text(value.generation);
}

void get(Reader& from, ListRequest& value) {
  value.kind = from.one_of(replica::ItemKind::wal);
  value.generation = from.text();
}

void put(Writer& to, const ProbeRequest& value) { put_ms(to, value.deadline); }
void get(Reader& from, ProbeRequest& value) { value.deadline = get_ms(from); }

// ---- answers ----

void put(Writer& to, const replica::Item& value) {
  put_enum(to, value.kind);
  put_position(to, value.position);
  to.u64(value.size_bytes);
  to.i64(value.created_ns);
  to.i64(value.updated_ns);
  to.flag(value.index_complete);
}

void get(Reader& from, replica::Item& value) {
  value.kind = from.one_of(replica::ItemKind::wal);
  get_position(from, value.position);
  value.size_bytes = from.u64();
  value.created_ns = from.i64();
  value.updated_ns = from.i64();
  value.index_complete = from.flag();
}

void put(Writer& to, const std::vector<replica::Item>& value) {
  put_list(to, value, [](Writer& into, const replica::Item& item) { put(into, item); });
}

void get(Reader& from, std::vector<replica::Item>& value) {
  get_list(from, value, kItemMin, [](Reader& out, replica::Item& item) { get(out, item); });
}

void put(Writer& to, const std::vector<replica::CommitTime>& value) { put_list(to, value, put_time); }
void get(Reader& from, std::vector<replica::CommitTime>& value) { get_list(from, value, 16, get_time); }

void put(Writer& to, const Tip& value) {
  put_optional(to, value.status, put_status);
  to.flag(value.is_snapshot_due);
  to.u64(value.snapshots_known);
  put_optional(to, value.run, put_run);
}

void get(Reader& from, Tip& value) {
  get_optional(from, value.status, get_status);
  value.is_snapshot_due = from.flag();
  value.snapshots_known = from.u64();
  get_optional(from, value.run, get_run);
}

void put(Writer& to, const WalAnswer& value) {
  put_optional(to, value.status, put_status);
  put_optional(to, value.run, put_run);
  put_enum(to, value.miss);
  put_optional(to, value.error, put_error);
}

void get(Reader& from, WalAnswer& value) {
  get_optional(from, value.status, get_status);
  get_optional(from, value.run, get_run);
  value.miss = from.one_of(db::Feed::Miss::gone);
  value.error = get_error(from);
}

void put(Writer& to, const ImageAnswer& value) {
  put_optional(to, value.status, put_status);
  put_optional(to, value.image, put_image);
  put_optional(to, value.error, put_error);
}

void get(Reader& from, ImageAnswer& value) {
  get_optional(from, value.status, get_status);
  get_optional(from, value.image, get_image);
  value.error = get_error(from);
}

void put(Writer& to, const Reply& value) {
  put_optional(to, value.error, put_error);
  to.raw(value.body);
}

void get(Reader& from, Reply& value) {
  value.error = get_error(from);
  value.body.assign(from.rest().begin(), from.rest().end());
  from = Reader({});
}

// ---- reports ----

void put(Writer& to, const db::Position& value) { put_position(to, value); }
void get(Reader& from, db::Position& value) { get_position(from, value); }

void put(Writer& to, const SnapshotStored& value) {
  put_position(to, value.position);
  to.u64(value.size_bytes);
}

void get(Reader& from, SnapshotStored& value) {
  get_position(from, value.position);
  value.size_bytes = from.u64();
}

void put(Writer& to, const StateReport& value) {
  put_enum(to, value.state);
  to.text(value.detail);
}

void get(Reader& from, StateReport& value) {
  value.state = from.one_of(plugin::ReplicaState::stopped);
  value.detail = from.text();
}

void put(Writer& to, const plugin::Failure& value) {
  put_enum(to, value.code);
  to.text(value.message);
  to.flag(value.retryable);
  to.flag(value.needs_operator);
  put_ms(to, value.retry_after);
}

void get(Reader& from, plugin::Failure& value) {
  value.code = from.one_of(ErrorCode::internal);
  value.message = from.text();
  value.retryable = from.flag();
  value.needs_operator = from.flag();
  value.retry_after = get_ms(from);
}

void put(Writer& to, const MetricReport& value) {
  to.text(value.name);
  put_enum(to, value.kind);
  to.real(value.value);
}

void get(Reader& from, MetricReport& value) {
  value.name = from.text();
  value.kind = from.one_of(plugin::MetricKind::histogram);
  value.value = from.real();
}

void put(Writer& to, const LogLine& value) {
  put_enum(to, value.level);
  to.text(value.part);
  to.text(value.message);
  put_list(to, value.fields, put_pair);
}

void get(Reader& from, LogLine& value) {
  value.level = from.one_of(obs::Level::error);
  value.part = from.text();
  value.message = from.text();
  get_list(from, value.fields, 2 * kTextMin + 1, get_pair);
}

}  // namespace lshost::isolation
