/* Plugin ABI 1.0, frozen: what every plugin relies on that was ever built for it, on 64-bit machines. NEVER edit this
 * file: a line that fails is a plugin that breaks. What a later minor version adds gets lines in a folder of its own
 * (docs/decisions/0008-plugin-abi-1.0.md). Compiled by tests/abi/headers.sh as C and as C++. */

#include <lshost/plugin.h>
#include <stddef.h>

#ifdef __cplusplus
#include <type_traits>
#define SAYS(condition, text) static_assert(condition, text)
#define ALIGN_OF(type) alignof(type)
#define IS_OF_TYPE(type, member, ...) (std::is_same<decltype(type::member), __typeof__(__VA_ARGS__)>::value)
#define IS_A(name, ...) (std::is_same<decltype(&name), __typeof__(__VA_ARGS__)*>::value)
#else
#define SAYS(condition, text) _Static_assert(condition, text)
#define ALIGN_OF(type) _Alignof(type)
#define IS_OF_TYPE(type, member, ...) _Generic(&((type*)0)->member, __typeof__(__VA_ARGS__)*: 1, default: 0)
#define IS_A(name, ...) _Generic(&name, __typeof__(__VA_ARGS__)*: 1, default: 0)
#endif
#define IF_64_BIT(condition) (sizeof(void*) != 8 || (condition))

/* A struct that may grow at its end, or never. */
#define STRUCT(type, size, align)                               \
  SAYS(IF_64_BIT(sizeof(type) >= (size)), #type " is shorter"); \
  SAYS(IF_64_BIT(ALIGN_OF(type) == (align)), "alignment of " #type)
#define FINAL(type, size, align)                                        \
  SAYS(IF_64_BIT(sizeof(type) == (size)), "size of " #type " (final)"); \
  SAYS(IF_64_BIT(ALIGN_OF(type) == (align)), "alignment of " #type)
#define MEMBER(type, member, offset, ...)                                              \
  SAYS(IF_64_BIT(offsetof(type, member) == (offset)), "offset of " #type "." #member); \
  SAYS(IS_OF_TYPE(type, member, __VA_ARGS__), "type of " #type "." #member)
#define FUNCTION(type, member, offset, result, ...) \
  MEMBER(type, member, offset, result (*)(__VA_ARGS__) LSHOST_NOEXCEPT)
#define EXPORTED(name, ...) SAYS(IS_A(name, __VA_ARGS__), "type of " #name)
#define VALUE(constant, value) SAYS((constant) == (value), "value of " #constant)

/* Macros: defining one again with another text is a warning, and warnings are errors here. */
#define LSHOST_ABI_MAJOR 1u
#define LSHOST_ENTRY_SYMBOL "lshost_plugin_v1"
#define LSHOST_META_SECTION "lshost_meta"
#define LSHOST_META_MAGIC "LSHOST-PLUGIN-1"
#define LSHOST_EXT_CONFIG_SCHEMA "lshost.config-schema/1"
#define LSHOST_EXT_HEALTH "lshost.health/1"
#define LSHOST_EXT_RESTORE "lshost.restore/1"
#define LSHOST_EXT_RETENTION "lshost.retention/1"
#define LSHOST_HOST_ENGINE "lshost.host.engine/1"
#define LSHOST_SIZE_UNKNOWN UINT64_MAX

EXPORTED(lshost_plugin_v1, const lshost_module*(const lshost_host_info*, lshost_error*)LSHOST_NOEXCEPT);
EXPORTED(lshost_plugin_meta, const lshost_meta);

STRUCT(lshost_error, 1024, 4);
MEMBER(lshost_error, struct_size, 0, uint32_t);
MEMBER(lshost_error, code, 4, int32_t);
MEMBER(lshost_error, flags, 8, uint32_t);
MEMBER(lshost_error, retry_after_ms, 12, uint32_t);
MEMBER(lshost_error, message, 16, char[1008]);

FINAL(lshost_pos, 64, 8);
MEMBER(lshost_pos, generation, 0, char[32]);
MEMBER(lshost_pos, index, 32, uint64_t);
MEMBER(lshost_pos, offset, 40, uint64_t);
MEMBER(lshost_pos, reserved, 48, uint64_t[2]);

STRUCT(lshost_reader, 40, 8);
MEMBER(lshost_reader, struct_size, 0, uint32_t);
MEMBER(lshost_reader, flags, 4, uint32_t);
MEMBER(lshost_reader, impl, 8, void*);
FUNCTION(lshost_reader, read, 16, int32_t, lshost_reader*, void*, size_t, size_t*, lshost_error*);
FUNCTION(lshost_reader, fd, 24, int32_t, lshost_reader*, uint64_t*, uint64_t*);
FUNCTION(lshost_reader, close, 32, void, lshost_reader*);

FINAL(lshost_kv, 16, 8);
MEMBER(lshost_kv, key, 0, const char*);
MEMBER(lshost_kv, value, 8, const char*);

STRUCT(lshost_config_key, 48, 8);
MEMBER(lshost_config_key, struct_size, 0, uint32_t);
MEMBER(lshost_config_key, type, 4, int32_t);
MEMBER(lshost_config_key, flags, 8, uint32_t);
MEMBER(lshost_config_key, reserved, 12, uint32_t);
MEMBER(lshost_config_key, key, 16, const char*);
MEMBER(lshost_config_key, default_value, 24, const char*);
MEMBER(lshost_config_key, help, 32, const char*);
MEMBER(lshost_config_key, choices, 40, const char*);

STRUCT(lshost_config_schema, 16, 8);
MEMBER(lshost_config_schema, struct_size, 0, uint32_t);
MEMBER(lshost_config_schema, count, 4, uint32_t);
MEMBER(lshost_config_schema, keys, 8, const lshost_config_key* const*);

STRUCT(lshost_replica_info, 32, 8);
MEMBER(lshost_replica_info, struct_size, 0, uint32_t);
MEMBER(lshost_replica_info, flags, 4, uint32_t);
MEMBER(lshost_replica_info, replica, 8, const char*);
MEMBER(lshost_replica_info, database, 16, const char*);
MEMBER(lshost_replica_info, work_dir, 24, const char*);

STRUCT(lshost_db_status, 136, 8);
MEMBER(lshost_db_status, struct_size, 0, uint32_t);
MEMBER(lshost_db_status, page_size, 4, uint32_t);
MEMBER(lshost_db_status, oldest, 8, lshost_pos);
MEMBER(lshost_db_status, tip, 72, lshost_pos);

STRUCT(lshost_wal_info, 152, 8);
MEMBER(lshost_wal_info, struct_size, 0, uint32_t);
MEMBER(lshost_wal_info, page_size, 4, uint32_t);
MEMBER(lshost_wal_info, start, 8, lshost_pos);
MEMBER(lshost_wal_info, end, 72, lshost_pos);
MEMBER(lshost_wal_info, commit_ns, 136, int64_t);
MEMBER(lshost_wal_info, flags, 144, uint32_t);
MEMBER(lshost_wal_info, reserved, 148, uint32_t);

STRUCT(lshost_snapshot_info, 88, 8);
MEMBER(lshost_snapshot_info, struct_size, 0, uint32_t);
MEMBER(lshost_snapshot_info, page_size, 4, uint32_t);
MEMBER(lshost_snapshot_info, pos, 8, lshost_pos);
MEMBER(lshost_snapshot_info, size, 72, uint64_t);
MEMBER(lshost_snapshot_info, created_ns, 80, int64_t);

STRUCT(lshost_value, 40, 8);
MEMBER(lshost_value, struct_size, 0, uint32_t);
MEMBER(lshost_value, type, 4, int32_t);
MEMBER(lshost_value, i, 8, int64_t);
MEMBER(lshost_value, f, 16, double);
MEMBER(lshost_value, s, 24, const char*);
MEMBER(lshost_value, s_len, 32, size_t);

STRUCT(lshost_host, 168, 8);
MEMBER(lshost_host, struct_size, 0, uint32_t);
MEMBER(lshost_host, abi_minor, 4, uint32_t);
FUNCTION(lshost_host, info, 8, const lshost_replica_info*, lshost_ctx*);
FUNCTION(lshost_host, config_get, 16, int32_t, lshost_ctx*, const char*, int32_t, int32_t, lshost_value*,
         lshost_error*);
FUNCTION(lshost_host, config_check, 24, int32_t, lshost_ctx*, lshost_error*);
FUNCTION(lshost_host, status, 32, int32_t, lshost_ctx*, lshost_db_status*, lshost_error*);
FUNCTION(lshost_host, wal_open, 40, int32_t, lshost_ctx*, const lshost_pos*, lshost_wal_info*, lshost_reader**,
         lshost_error*);
FUNCTION(lshost_host, snapshot_open, 48, int32_t, lshost_ctx*, uint32_t, lshost_snapshot_info*, lshost_reader**,
         lshost_error*);
FUNCTION(lshost_host, snapshot_due, 56, int32_t, lshost_ctx*);
FUNCTION(lshost_host, wait, 64, int32_t, lshost_ctx*, const lshost_pos*, int64_t);
FUNCTION(lshost_host, sleep, 72, int32_t, lshost_ctx*, int64_t);
FUNCTION(lshost_host, cancelled, 80, int32_t, lshost_ctx*);
FUNCTION(lshost_host, event_fd, 88, int32_t, lshost_ctx*);
FUNCTION(lshost_host, report_pos, 96, void, lshost_ctx*, const lshost_pos*);
FUNCTION(lshost_host, report_snapshot, 104, void, lshost_ctx*, const lshost_pos*, uint64_t);
FUNCTION(lshost_host, report_state, 112, void, lshost_ctx*, int32_t, const char*);
FUNCTION(lshost_host, report_error, 120, void, lshost_ctx*, const lshost_error*);
FUNCTION(lshost_host, log_enabled, 128, int32_t, lshost_ctx*, int32_t);
FUNCTION(lshost_host, log, 136, void, lshost_ctx*, int32_t, const char*, const lshost_kv*, size_t);
FUNCTION(lshost_host, metric, 144, void, lshost_ctx*, const char*, int32_t, double);
FUNCTION(lshost_host, spawn, 152, int32_t, lshost_ctx*, const char*, void (*)(void*) LSHOST_NOEXCEPT, void*,
         lshost_error*);
FUNCTION(lshost_host, extension, 160, const void*, lshost_ctx*, const char*);

STRUCT(lshost_replicator, 72, 8);
MEMBER(lshost_replicator, struct_size, 0, uint32_t);
MEMBER(lshost_replicator, flags, 4, uint32_t);
MEMBER(lshost_replicator, impl, 8, void*);
FUNCTION(lshost_replicator, name, 16, const char*, lshost_replicator*);
FUNCTION(lshost_replicator, type, 24, const char*, lshost_replicator*);
FUNCTION(lshost_replicator, snapshotting, 32, int32_t, lshost_replicator*);
FUNCTION(lshost_replicator, start, 40, int32_t, lshost_replicator*, lshost_error*);
FUNCTION(lshost_replicator, stop, 48, int32_t, lshost_replicator*, int64_t, lshost_error*);
FUNCTION(lshost_replicator, destroy, 56, void, lshost_replicator*);
FUNCTION(lshost_replicator, extension, 64, const void*, lshost_replicator*, const char*);

STRUCT(lshost_type, 40, 8);
MEMBER(lshost_type, struct_size, 0, uint32_t);
MEMBER(lshost_type, flags, 4, uint32_t);
MEMBER(lshost_type, type, 8, const char*);
MEMBER(lshost_type, summary, 16, const char*);
FUNCTION(lshost_type, create, 24, int32_t, const lshost_type*, const lshost_host*, lshost_ctx*, uint32_t,
         lshost_replicator**, lshost_error*);
FUNCTION(lshost_type, extension, 32, const void*, const lshost_type*, const char*);

STRUCT(lshost_module, 64, 8);
MEMBER(lshost_module, struct_size, 0, uint32_t);
MEMBER(lshost_module, abi_minor, 4, uint32_t);
MEMBER(lshost_module, name, 8, const char*);
MEMBER(lshost_module, version, 16, const char*);
MEMBER(lshost_module, vendor, 24, const char*);
MEMBER(lshost_module, license, 32, const char*);
MEMBER(lshost_module, url, 40, const char*);
MEMBER(lshost_module, min_host_minor, 48, uint32_t);
MEMBER(lshost_module, type_count, 52, uint32_t);
MEMBER(lshost_module, types, 56, const lshost_type* const*);

STRUCT(lshost_host_info, 24, 8);
MEMBER(lshost_host_info, struct_size, 0, uint32_t);
MEMBER(lshost_host_info, abi_minor, 4, uint32_t);
MEMBER(lshost_host_info, name, 8, const char*);
MEMBER(lshost_host_info, version, 16, const char*);

STRUCT(lshost_health, 16, 8);
MEMBER(lshost_health, struct_size, 0, uint32_t);
MEMBER(lshost_health, flags, 4, uint32_t);
FUNCTION(lshost_health, probe, 8, int32_t, lshost_replicator*, int64_t, lshost_error*);

STRUCT(lshost_item, 104, 8);
MEMBER(lshost_item, struct_size, 0, uint32_t);
MEMBER(lshost_item, kind, 4, int32_t);
MEMBER(lshost_item, pos, 8, lshost_pos);
MEMBER(lshost_item, size, 72, uint64_t);
MEMBER(lshost_item, created_ns, 80, int64_t);
MEMBER(lshost_item, updated_ns, 88, int64_t);
MEMBER(lshost_item, flags, 96, uint32_t);
MEMBER(lshost_item, reserved, 100, uint32_t);

STRUCT(lshost_item_sink, 24, 8);
MEMBER(lshost_item_sink, struct_size, 0, uint32_t);
MEMBER(lshost_item_sink, flags, 4, uint32_t);
MEMBER(lshost_item_sink, impl, 8, void*);
FUNCTION(lshost_item_sink, item, 16, int32_t, lshost_item_sink*, const lshost_item*);

STRUCT(lshost_time_sink, 24, 8);
MEMBER(lshost_time_sink, struct_size, 0, uint32_t);
MEMBER(lshost_time_sink, flags, 4, uint32_t);
MEMBER(lshost_time_sink, impl, 8, void*);
FUNCTION(lshost_time_sink, time, 16, int32_t, lshost_time_sink*, uint64_t, int64_t);

STRUCT(lshost_restore, 32, 8);
MEMBER(lshost_restore, struct_size, 0, uint32_t);
MEMBER(lshost_restore, flags, 4, uint32_t);
FUNCTION(lshost_restore, list, 8, int32_t, lshost_replicator*, int32_t, const char*, lshost_item_sink*, lshost_error*);
FUNCTION(lshost_restore, open, 16, int32_t, lshost_replicator*, const lshost_item*, lshost_reader**, lshost_error*);
FUNCTION(lshost_restore, commit_times, 24, int32_t, lshost_replicator*, const lshost_item*, lshost_time_sink*,
         lshost_error*);

STRUCT(lshost_retention, 16, 8);
MEMBER(lshost_retention, struct_size, 0, uint32_t);
MEMBER(lshost_retention, flags, 4, uint32_t);
FUNCTION(lshost_retention, remove, 8, int32_t, lshost_replicator*, const lshost_item* const*, size_t, lshost_error*);

STRUCT(lshost_blob, 32, 8);
MEMBER(lshost_blob, struct_size, 0, uint32_t);
MEMBER(lshost_blob, flags, 4, uint32_t);
MEMBER(lshost_blob, key, 8, const char*);
MEMBER(lshost_blob, size, 16, uint64_t);
MEMBER(lshost_blob, created_ns, 24, int64_t);

STRUCT(lshost_blob_sink, 24, 8);
MEMBER(lshost_blob_sink, struct_size, 0, uint32_t);
MEMBER(lshost_blob_sink, flags, 4, uint32_t);
MEMBER(lshost_blob_sink, impl, 8, void*);
FUNCTION(lshost_blob_sink, item, 16, int32_t, lshost_blob_sink*, const lshost_blob*);

STRUCT(lshost_store, 64, 8);
MEMBER(lshost_store, struct_size, 0, uint32_t);
MEMBER(lshost_store, flags, 4, uint32_t);
MEMBER(lshost_store, impl, 8, void*);
FUNCTION(lshost_store, put, 16, int32_t, lshost_store*, const char*, lshost_reader*, uint64_t, lshost_error*);
FUNCTION(lshost_store, put_new, 24, int32_t, lshost_store*, const char*, lshost_reader*, uint64_t, lshost_error*);
FUNCTION(lshost_store, get, 32, int32_t, lshost_store*, const char*, uint64_t, uint64_t, lshost_reader**,
         lshost_error*);
FUNCTION(lshost_store, list, 40, int32_t, lshost_store*, const char*, lshost_blob_sink*, lshost_error*);
FUNCTION(lshost_store, remove, 48, int32_t, lshost_store*, const char* const*, size_t, lshost_error*);
FUNCTION(lshost_store, destroy, 56, void, lshost_store*);

STRUCT(lshost_engine, 16, 8);
MEMBER(lshost_engine, struct_size, 0, uint32_t);
MEMBER(lshost_engine, flags, 4, uint32_t);
FUNCTION(lshost_engine, create, 8, int32_t, lshost_ctx*, const char*, lshost_store*, lshost_replicator**,
         lshost_error*);

STRUCT(lshost_meta, 248, 4);
MEMBER(lshost_meta, magic, 0, char[16]);
MEMBER(lshost_meta, struct_size, 16, uint32_t);
MEMBER(lshost_meta, abi_major, 20, uint16_t);
MEMBER(lshost_meta, abi_minor, 22, uint16_t);
MEMBER(lshost_meta, name, 24, char[32]);
MEMBER(lshost_meta, version, 56, char[32]);
MEMBER(lshost_meta, types, 88, char[128]);
MEMBER(lshost_meta, sdk, 216, char[32]);

VALUE(LSHOST_OK, 0);
VALUE(LSHOST_END, 1);
VALUE(LSHOST_TIMEOUT, 2);
VALUE(LSHOST_CANCELLED, 3);
VALUE(LSHOST_GONE, 4);
VALUE(LSHOST_E_INTERNAL, -1);
VALUE(LSHOST_E_INVALID, -2);
VALUE(LSHOST_E_CONFIG, -3);
VALUE(LSHOST_E_NOT_FOUND, -4);
VALUE(LSHOST_E_DENIED, -5);
VALUE(LSHOST_E_UNAVAILABLE, -6);
VALUE(LSHOST_E_IO, -7);
VALUE(LSHOST_E_NO_SPACE, -8);
VALUE(LSHOST_E_CORRUPT, -9);
VALUE(LSHOST_E_UNSUPPORTED, -10);
VALUE(LSHOST_E_NO_MEMORY, -11);
VALUE(LSHOST_E_EXISTS, -12);
VALUE(LSHOST_ERR_RETRYABLE, 1);
VALUE(LSHOST_ERR_OPERATOR, 2);
VALUE(LSHOST_WAL_INDEX_COMPLETE, 1);
VALUE(LSHOST_CFG_STRING, 1);
VALUE(LSHOST_CFG_INT, 2);
VALUE(LSHOST_CFG_BOOL, 3);
VALUE(LSHOST_CFG_DOUBLE, 4);
VALUE(LSHOST_CFG_DURATION, 5);
VALUE(LSHOST_CFG_SIZE, 6);
VALUE(LSHOST_LOG_TRACE, 0);
VALUE(LSHOST_LOG_DEBUG, 1);
VALUE(LSHOST_LOG_INFO, 2);
VALUE(LSHOST_LOG_WARN, 3);
VALUE(LSHOST_LOG_ERROR, 4);
VALUE(LSHOST_METRIC_COUNTER, 1);
VALUE(LSHOST_METRIC_GAUGE, 2);
VALUE(LSHOST_METRIC_HISTOGRAM, 3);
VALUE(LSHOST_STATE_STARTING, 1);
VALUE(LSHOST_STATE_WAITING, 2);
VALUE(LSHOST_STATE_SNAPSHOT, 3);
VALUE(LSHOST_STATE_CATCHUP, 4);
VALUE(LSHOST_STATE_STREAMING, 5);
VALUE(LSHOST_STATE_BACKOFF, 6);
VALUE(LSHOST_STATE_FAILED, 7);
VALUE(LSHOST_STATE_STOPPED, 8);
VALUE(LSHOST_CREATE_OFFLINE, 1);
VALUE(LSHOST_KEY_REQUIRED, 1);
VALUE(LSHOST_KEY_SECRET, 2);
VALUE(LSHOST_KEY_LIST, 4);
VALUE(LSHOST_KEY_DEPRECATED, 8);
VALUE(LSHOST_KEY_URL_USER, 16);
VALUE(LSHOST_KEY_URL_HOST, 32);
VALUE(LSHOST_KEY_URL_PATH, 64);
VALUE(LSHOST_ITEM_GENERATION, 1);
VALUE(LSHOST_ITEM_SNAPSHOT, 2);
VALUE(LSHOST_ITEM_WAL, 3);
VALUE(LSHOST_ITEM_INDEX_COMPLETE, 1);
VALUE(LSHOST_STORE_PARALLEL, 1);
VALUE(LSHOST_TYPE_STORE, 1);
