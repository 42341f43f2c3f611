// lshost/cpp/export.hpp - from C++ classes to the tables of the C ABI. Nothing here is for authors to call.
// SPDX-License-Identifier: MIT
//
// The tables stand behind the functions they name, never inside a class: in a static member of a class that is still
// incomplete, g++ 12 and clang disagree about what such functions see.
#pragma once

#include <lshost/ext/health.h>
#include <lshost/ext/retention.h>
#include <lshost/meta.h>
#include <lshost/module.h>
#include <lshost/cpp/extensions.hpp>
#include <lshost/cpp/replicator_class.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lshost::inline v1::detail {

// ---- a replicator ----

/// A replicator of C++ as the host holds it. `impl` points at itself.
struct Instance : lshost_replicator {
  std::unique_ptr<Replicator> replicator;
  Restorable* restorable = nullptr;  // the same object as `replicator`, or nullptr
  Removable* removable = nullptr;
  Probeable* probeable = nullptr;
  std::string name_text;  // Name() and Type() as they were when the replicator was made
  std::string type_text;
};

inline Instance& Of(lshost_replicator* self) noexcept { return *static_cast<Instance*>(self->impl); }

inline const char* NameOf(lshost_replicator* self) noexcept { return Of(self).name_text.c_str(); }
inline const char* TypeOf(lshost_replicator* self) noexcept { return Of(self).type_text.c_str(); }

inline std::int32_t SnapshottingOf(lshost_replicator* self) noexcept {
  bool answer = false;
  (void)Guard(nullptr, [&] { answer = Of(self).replicator->Snapshotting(); });  // status only: a failure says no
  return answer ? 1 : 0;
}

inline std::int32_t StartOf(lshost_replicator* self, lshost_error* err) noexcept {
  return Guard(err, [&] { Of(self).replicator->Start(); });
}

inline std::int32_t StopOf(lshost_replicator* self, std::int64_t /*deadline_ms*/, lshost_error* err) noexcept {
  const std::int32_t result = Guard(err, [&] { Of(self).replicator->Stop(); });
  return result == LSHOST_CANCELLED ? LSHOST_OK : result;  // Stop() may run through a wait: that is what was asked for
}

inline void DestroyOf(lshost_replicator* self) noexcept { delete &Of(self); }

// ---- lshost.restore/1 ----

/// What a listing hands to: the host's sink. Once the sink said stop, every further item says it again.
template <class Sink>
class SinkCaller {
 public:
  explicit SinkCaller(Sink* sink) noexcept : sink_(sink) {}

  template <class Call>
  void operator()(Call&& call) {
    if (result_ == LSHOST_OK) result_ = std::forward<Call>(call)(sink_);
    if (result_ != LSHOST_OK) throw SinkStopped{result_};
  }
  [[nodiscard]] std::int32_t Result() const noexcept { return result_; }

 private:
  Sink* sink_;
  std::int32_t result_ = LSHOST_OK;
};

inline std::int32_t RestoreList(lshost_replicator* self, std::int32_t kind, const char* generation,
                                lshost_item_sink* sink, lshost_error* err) noexcept {
  SinkCaller<lshost_item_sink> give(sink);
  const std::int32_t result = Guard(err, [&] {
    if (kind < LSHOST_ITEM_GENERATION || kind > LSHOST_ITEM_WAL) {
      throw Error(LSHOST_E_UNSUPPORTED, "this plugin knows no items of kind " + std::to_string(kind));
    }
    Of(self).restorable->List(static_cast<ItemKind>(kind), generation == nullptr ? "" : generation,
                              [&](const Item& item) {
                                const lshost_item c = item.ToC();
                                give([&](lshost_item_sink* to) { return to->item(to, &c); });
                              });
  });
  return result == LSHOST_OK ? give.Result() : result;
}

inline std::int32_t RestoreOpen(lshost_replicator* self, const lshost_item* item, lshost_reader** out,
                                lshost_error* err) noexcept {
  *out = nullptr;
  return Guard(err, [&] { *out = Export(Of(self).restorable->Open(Item::From(*item))); });
}

inline std::int32_t RestoreCommitTimes(lshost_replicator* self, const lshost_item* item, lshost_time_sink* sink,
                                       lshost_error* err) noexcept {
  SinkCaller<lshost_time_sink> give(sink);
  const std::int32_t result = Guard(err, [&] {
    Of(self).restorable->CommitTimes(Item::From(*item), [&](std::uint64_t end_offset, std::int64_t commit_ns) {
      give([&](lshost_time_sink* to) { return to->time(to, end_offset, commit_ns); });
    });
  });
  return result == LSHOST_OK ? give.Result() : result;
}

inline constexpr lshost_restore kRestoreTable = {sizeof(lshost_restore), 0, RestoreList, RestoreOpen,
                                                 RestoreCommitTimes};

// ---- lshost.retention/1 ----

inline std::int32_t RetentionRemove(lshost_replicator* self, const lshost_item* const* items, std::size_t count,
                                    lshost_error* err) noexcept {
  return Guard(err, [&] {
    std::vector<Item> all;
    all.reserve(count);
    for (const lshost_item* item : std::span(items, count)) all.push_back(Item::From(*item));
    Of(self).removable->Remove(all);
  });
}

inline constexpr lshost_retention kRetentionTable = {sizeof(lshost_retention), 0, RetentionRemove};

// ---- lshost.health/1 ----

inline std::int32_t HealthProbe(lshost_replicator* self, std::int64_t deadline_ms, lshost_error* err) noexcept {
  return Guard(err, [&] { Of(self).probeable->Probe(std::chrono::milliseconds(deadline_ms)); });
}

inline constexpr lshost_health kHealthTable = {sizeof(lshost_health), 0, HealthProbe};

// ---- making one ----

inline const void* ExtensionOf(lshost_replicator* self, const char* id) noexcept {
  const void* table = nullptr;
  (void)Guard(nullptr, [&] {  // an extension that can not be asked for is not there
    const std::string_view wanted = id == nullptr ? "" : id;
    Instance& instance = Of(self);
    table = instance.replicator->Extension(wanted);
    if (table != nullptr) return;
    if (wanted == LSHOST_EXT_RESTORE && instance.restorable != nullptr) table = &kRestoreTable;
    if (wanted == LSHOST_EXT_RETENTION && instance.removable != nullptr) table = &kRetentionTable;
    if (wanted == LSHOST_EXT_HEALTH && instance.probeable != nullptr) table = &kHealthTable;
  });
  return table;
}

template <std::derived_from<Replicator> T>
lshost_replicator* ExportReplicator(std::unique_ptr<T> replicator) {
  auto instance = std::make_unique<Instance>();
  instance->struct_size = sizeof(lshost_replicator);
  instance->flags = 0;
  instance->impl = instance.get();
  instance->name = NameOf;
  instance->type = TypeOf;
  instance->snapshotting = SnapshottingOf;
  instance->start = StartOf;
  instance->stop = StopOf;
  instance->destroy = DestroyOf;
  instance->extension = ExtensionOf;
  if constexpr (std::derived_from<T, Restorable>) instance->restorable = replicator.get();
  if constexpr (std::derived_from<T, Removable>) instance->removable = replicator.get();
  if constexpr (std::derived_from<T, Probeable>) instance->probeable = replicator.get();
  instance->name_text = replicator->Name();
  instance->type_text = replicator->Type();
  instance->replicator = std::move(replicator);
  return instance.release();
}

/// How an author's class becomes a replicator: one specialization per layer.
template <class T>
struct Maker;

template <std::derived_from<Replicator> T>
struct Maker<T> {
  static constexpr std::uint32_t kTypeFlags = 0;
  static lshost_replicator* Make(const char* /*type*/, Context context) {
    auto replicator = std::make_unique<T>(context);
    context.NoOtherKeys();
    return ExportReplicator(std::move(replicator));
  }
};

/// A host without everything that this was compiled with would be called where it has no function.
inline void RequireWhole(const lshost_host* host) {
  constexpr std::size_t kNeeded = offsetof(lshost_host, extension) + sizeof host->extension;
  if (host->struct_size >= kNeeded) return;
  throw Error(LSHOST_E_UNSUPPORTED,
              "this host is older than plugin ABI 1.0: its table has " + std::to_string(host->struct_size) +
                  " bytes of " + std::to_string(kNeeded) + "; hint: update lshost",
              LSHOST_ERR_OPERATOR);
}

template <class T>
std::int32_t Create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, std::uint32_t /*flags*/,
                    lshost_replicator** out, lshost_error* err) noexcept {
  *out = nullptr;
  return Guard(err, [&] {
    RequireWhole(host);
    *out = Maker<T>::Make(self->type, Context(host, ctx));
  });
}

// ---- lshost.config-schema/1 ----

template <class T>
concept HasKeys = requires {
  { T::Keys() } -> std::convertible_to<std::span<const ConfigKey>>;
};

/// The C form of Keys(), built once, never moved.
class Schema {
 public:
  explicit Schema(std::span<const ConfigKey> keys) {
    keys_.reserve(keys.size());
    for (const ConfigKey& key : keys) keys_.push_back(ToC(key));
    for (const lshost_config_key& key : keys_) pointers_.push_back(&key);
    table_ = {sizeof(lshost_config_schema), static_cast<std::uint32_t>(pointers_.size()), pointers_.data()};
  }
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  [[nodiscard]] const lshost_config_schema* Table() const noexcept { return &table_; }

 private:
  static lshost_config_key ToC(const ConfigKey& key) noexcept {
    lshost_config_key c{};
    c.struct_size = sizeof c;
    c.type = static_cast<std::int32_t>(key.type);
    c.flags = FlagIf(key.required, LSHOST_KEY_REQUIRED) | FlagIf(key.secret, LSHOST_KEY_SECRET) |
              FlagIf(key.list, LSHOST_KEY_LIST) | FlagIf(key.deprecated, LSHOST_KEY_DEPRECATED) |
              static_cast<std::uint32_t>(key.url);
    c.key = key.key;
    c.default_value = key.default_value;
    c.help = key.help;
    c.choices = key.choices;
    return c;
  }

  std::vector<lshost_config_key> keys_;
  std::vector<const lshost_config_key*> pointers_;
  lshost_config_schema table_{};
};

template <class T>
const void* TypeExtension(const lshost_type* /*self*/, const char* id) noexcept {
  const void* table = nullptr;
  if constexpr (HasKeys<T>) {
    (void)Guard(nullptr, [&] {  // without a schema the plugin still checks its keys itself
      static const Schema schema(T::Keys());
      if (id != nullptr && std::string_view(id) == LSHOST_EXT_CONFIG_SCHEMA) table = schema.Table();
    });
  }
  return table;
}

// ---- the module ----

template <class T>
concept HasSummary = requires {
  { T::Summary() } -> std::convertible_to<const char*>;
};

template <class T>
const char* SummaryOf() noexcept {
  if constexpr (HasSummary<T>) return T::Summary();
  return "";
}

constexpr lshost_meta MakeMeta(std::string_view name, std::string_view version, std::string_view types) {
  lshost_meta meta{};
  CopyText(meta.magic, LSHOST_META_MAGIC);
  meta.struct_size = sizeof meta;
  meta.abi_major = LSHOST_ABI_MAJOR;
  meta.abi_minor = LSHOST_ABI_MINOR;
  CopyText(meta.name, name);
  CopyText(meta.version, version);
  CopyText(meta.types, types);
  CopyText(meta.sdk, "c++20 1.0");
  return meta;
}

}  // namespace lshost::inline v1::detail
