/* The layout and the constants of plugin ABI 1.0 on 64-bit machines. Once 1.0 is released, lines are only ever added: a
 * line that fails is a plugin that breaks. */

#include <lshost/plugin.h>
#include <stddef.h>

#ifdef __cplusplus
#define SAYS(condition, text) static_assert(condition, text)
#else
#define SAYS(condition, text) _Static_assert(condition, text)
#endif
#define SIZE(type, size) SAYS(sizeof(void*) != 8 || sizeof(type) == (size), "size of " #type)
#define AT(type, member, offset) SAYS(sizeof(void*) != 8 || offsetof(type, member) == (offset), #type "." #member)
#define IS(constant, value) SAYS((constant) == (value), #constant)

SIZE(lshost_error, 1024);
AT(lshost_error, struct_size, 0);
AT(lshost_error, code, 4);
AT(lshost_error, flags, 8);
AT(lshost_error, retry_after_ms, 12);
AT(lshost_error, message, 16);

SIZE(lshost_pos, 64);
AT(lshost_pos, generation, 0);
AT(lshost_pos, index, 32);
AT(lshost_pos, offset, 40);
AT(lshost_pos, reserved, 48);

SIZE(lshost_reader, 40);
AT(lshost_reader, struct_size, 0);
AT(lshost_reader, flags, 4);
AT(lshost_reader, impl, 8);
AT(lshost_reader, read, 16);
AT(lshost_reader, fd, 24);
AT(lshost_reader, close, 32);

SIZE(lshost_kv, 16);
AT(lshost_kv, key, 0);
AT(lshost_kv, value, 8);

SIZE(lshost_replica_info, 32);
AT(lshost_replica_info, struct_size, 0);
AT(lshost_replica_info, flags, 4);
AT(lshost_replica_info, replica, 8);
AT(lshost_replica_info, database, 16);
AT(lshost_replica_info, work_dir, 24);

SIZE(lshost_db_status, 136);
AT(lshost_db_status, struct_size, 0);
AT(lshost_db_status, page_size, 4);
AT(lshost_db_status, oldest, 8);
AT(lshost_db_status, tip, 72);

SIZE(lshost_wal_info, 152);
AT(lshost_wal_info, struct_size, 0);
AT(lshost_wal_info, page_size, 4);
AT(lshost_wal_info, start, 8);
AT(lshost_wal_info, end, 72);
AT(lshost_wal_info, commit_ns, 136);
AT(lshost_wal_info, flags, 144);
AT(lshost_wal_info, reserved, 148);

SIZE(lshost_snapshot_info, 88);
AT(lshost_snapshot_info, struct_size, 0);
AT(lshost_snapshot_info, page_size, 4);
AT(lshost_snapshot_info, pos, 8);
AT(lshost_snapshot_info, size, 72);
AT(lshost_snapshot_info, created_ns, 80);

SIZE(lshost_value, 40);
AT(lshost_value, struct_size, 0);
AT(lshost_value, type, 4);
AT(lshost_value, i, 8);
AT(lshost_value, f, 16);
AT(lshost_value, s, 24);
AT(lshost_value, s_len, 32);

SIZE(lshost_host, 168);
AT(lshost_host, struct_size, 0);
AT(lshost_host, abi_minor, 4);
AT(lshost_host, info, 8);
AT(lshost_host, config_get, 16);
AT(lshost_host, config_check, 24);
AT(lshost_host, status, 32);
AT(lshost_host, wal_open, 40);
AT(lshost_host, snapshot_open, 48);
AT(lshost_host, snapshot_due, 56);
AT(lshost_host, wait, 64);
AT(lshost_host, sleep, 72);
AT(lshost_host, cancelled, 80);
AT(lshost_host, event_fd, 88);
AT(lshost_host, report_pos, 96);
AT(lshost_host, report_snapshot, 104);
AT(lshost_host, report_state, 112);
AT(lshost_host, report_error, 120);
AT(lshost_host, log_enabled, 128);
AT(lshost_host, log, 136);
AT(lshost_host, metric, 144);
AT(lshost_host, spawn, 152);
AT(lshost_host, extension, 160);

SIZE(lshost_replicator, 72);
AT(lshost_replicator, struct_size, 0);
AT(lshost_replicator, flags, 4);
AT(lshost_replicator, impl, 8);
AT(lshost_replicator, name, 16);
AT(lshost_replicator, type, 24);
AT(lshost_replicator, snapshotting, 32);
AT(lshost_replicator, start, 40);
AT(lshost_replicator, stop, 48);
AT(lshost_replicator, destroy, 56);
AT(lshost_replicator, extension, 64);

SIZE(lshost_type, 40);
AT(lshost_type, struct_size, 0);
AT(lshost_type, flags, 4);
AT(lshost_type, type, 8);
AT(lshost_type, summary, 16);
AT(lshost_type, create, 24);
AT(lshost_type, extension, 32);

SIZE(lshost_module, 64);
AT(lshost_module, struct_size, 0);
AT(lshost_module, abi_minor, 4);
AT(lshost_module, name, 8);
AT(lshost_module, version, 16);
AT(lshost_module, vendor, 24);
AT(lshost_module, license, 32);
AT(lshost_module, url, 40);
AT(lshost_module, min_host_minor, 48);
AT(lshost_module, type_count, 52);
AT(lshost_module, types, 56);

SIZE(lshost_host_info, 24);
AT(lshost_host_info, struct_size, 0);
AT(lshost_host_info, abi_minor, 4);
AT(lshost_host_info, name, 8);
AT(lshost_host_info, version, 16);

SIZE(lshost_meta, 248);
AT(lshost_meta, magic, 0);
AT(lshost_meta, struct_size, 16);
AT(lshost_meta, abi_major, 20);
AT(lshost_meta, abi_minor, 22);
AT(lshost_meta, name, 24);
AT(lshost_meta, version, 56);
AT(lshost_meta, types, 88);
AT(lshost_meta, sdk, 216);

SIZE(lshost_config_key, 48);
AT(lshost_config_key, struct_size, 0);
AT(lshost_config_key, type, 4);
AT(lshost_config_key, flags, 8);
AT(lshost_config_key, reserved, 12);
AT(lshost_config_key, key, 16);
AT(lshost_config_key, default_value, 24);
AT(lshost_config_key, help, 32);
AT(lshost_config_key, choices, 40);

SIZE(lshost_config_schema, 16);
AT(lshost_config_schema, struct_size, 0);
AT(lshost_config_schema, count, 4);
AT(lshost_config_schema, keys, 8);

SIZE(lshost_health, 16);
AT(lshost_health, struct_size, 0);
AT(lshost_health, flags, 4);
AT(lshost_health, probe, 8);

SIZE(lshost_item, 104);
AT(lshost_item, struct_size, 0);
AT(lshost_item, kind, 4);
AT(lshost_item, pos, 8);
AT(lshost_item, size, 72);
AT(lshost_item, created_ns, 80);
AT(lshost_item, updated_ns, 88);
AT(lshost_item, flags, 96);
AT(lshost_item, reserved, 100);

SIZE(lshost_item_sink, 24);
AT(lshost_item_sink, struct_size, 0);
AT(lshost_item_sink, flags, 4);
AT(lshost_item_sink, impl, 8);
AT(lshost_item_sink, item, 16);

SIZE(lshost_time_sink, 24);
AT(lshost_time_sink, struct_size, 0);
AT(lshost_time_sink, flags, 4);
AT(lshost_time_sink, impl, 8);
AT(lshost_time_sink, time, 16);

SIZE(lshost_restore, 32);
AT(lshost_restore, struct_size, 0);
AT(lshost_restore, flags, 4);
AT(lshost_restore, list, 8);
AT(lshost_restore, open, 16);
AT(lshost_restore, commit_times, 24);

SIZE(lshost_retention, 16);
AT(lshost_retention, struct_size, 0);
AT(lshost_retention, flags, 4);
AT(lshost_retention, remove, 8);

SIZE(lshost_blob, 32);
AT(lshost_blob, struct_size, 0);
AT(lshost_blob, flags, 4);
AT(lshost_blob, key, 8);
AT(lshost_blob, size, 16);
AT(lshost_blob, created_ns, 24);

SIZE(lshost_blob_sink, 24);
AT(lshost_blob_sink, struct_size, 0);
AT(lshost_blob_sink, flags, 4);
AT(lshost_blob_sink, impl, 8);
AT(lshost_blob_sink, item, 16);

SIZE(lshost_store, 64);
AT(lshost_store, struct_size, 0);
AT(lshost_store, flags, 4);
AT(lshost_store, impl, 8);
AT(lshost_store, put, 16);
AT(lshost_store, put_new, 24);
AT(lshost_store, get, 32);
AT(lshost_store, list, 40);
AT(lshost_store, remove, 48);
AT(lshost_store, destroy, 56);

SIZE(lshost_engine, 16);
AT(lshost_engine, struct_size, 0);
AT(lshost_engine, flags, 4);
AT(lshost_engine, create, 8);

IS(LSHOST_OK, 0);
IS(LSHOST_END, 1);
IS(LSHOST_TIMEOUT, 2);
IS(LSHOST_CANCELLED, 3);
IS(LSHOST_GONE, 4);
IS(LSHOST_E_INTERNAL, -1);
IS(LSHOST_E_INVALID, -2);
IS(LSHOST_E_CONFIG, -3);
IS(LSHOST_E_NOT_FOUND, -4);
IS(LSHOST_E_DENIED, -5);
IS(LSHOST_E_UNAVAILABLE, -6);
IS(LSHOST_E_IO, -7);
IS(LSHOST_E_NO_SPACE, -8);
IS(LSHOST_E_CORRUPT, -9);
IS(LSHOST_E_UNSUPPORTED, -10);
IS(LSHOST_E_NO_MEMORY, -11);
IS(LSHOST_E_EXISTS, -12);
IS(LSHOST_ERR_RETRYABLE, 1);
IS(LSHOST_ERR_OPERATOR, 2);
IS(LSHOST_WAL_INDEX_COMPLETE, 1);
IS(LSHOST_CFG_STRING, 1);
IS(LSHOST_CFG_INT, 2);
IS(LSHOST_CFG_BOOL, 3);
IS(LSHOST_CFG_DOUBLE, 4);
IS(LSHOST_CFG_DURATION, 5);
IS(LSHOST_CFG_SIZE, 6);
IS(LSHOST_LOG_TRACE, 0);
IS(LSHOST_LOG_DEBUG, 1);
IS(LSHOST_LOG_INFO, 2);
IS(LSHOST_LOG_WARN, 3);
IS(LSHOST_LOG_ERROR, 4);
IS(LSHOST_METRIC_COUNTER, 1);
IS(LSHOST_METRIC_GAUGE, 2);
IS(LSHOST_METRIC_HISTOGRAM, 3);
IS(LSHOST_STATE_STARTING, 1);
IS(LSHOST_STATE_WAITING, 2);
IS(LSHOST_STATE_SNAPSHOT, 3);
IS(LSHOST_STATE_CATCHUP, 4);
IS(LSHOST_STATE_STREAMING, 5);
IS(LSHOST_STATE_BACKOFF, 6);
IS(LSHOST_STATE_FAILED, 7);
IS(LSHOST_STATE_STOPPED, 8);
IS(LSHOST_CREATE_OFFLINE, 1);
IS(LSHOST_KEY_REQUIRED, 1);
IS(LSHOST_KEY_SECRET, 2);
IS(LSHOST_KEY_LIST, 4);
IS(LSHOST_KEY_DEPRECATED, 8);
IS(LSHOST_KEY_URL_USER, 16);
IS(LSHOST_KEY_URL_HOST, 32);
IS(LSHOST_KEY_URL_PATH, 64);
IS(LSHOST_ITEM_GENERATION, 1);
IS(LSHOST_ITEM_SNAPSHOT, 2);
IS(LSHOST_ITEM_WAL, 3);
IS(LSHOST_ITEM_INDEX_COMPLETE, 1);
IS(LSHOST_STORE_PARALLEL, 1);
