/* lshost/host.h - what the host gives a replicator: configuration, WAL, snapshots, waiting, reporting, threads.
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_HOST_H
#define LSHOST_HOST_H

#include <lshost/abi.h>

LSHOST_BEGIN_C

/* One replica (one destination of one database) as the host sees it. Opaque. Valid from create until destroy returned.
 */
typedef struct lshost_ctx lshost_ctx;

/* Who the replica is. Everything is borrowed until destroy returned. */
typedef struct lshost_replica_info {
  uint32_t struct_size;
  uint32_t flags;       /* LSHOST_CREATE_* as given to create (module.h) */
  const char* replica;  /* its name in the configuration, unique per database */
  const char* database; /* a name for log lines and object keys; never a path to open */
  const char* work_dir; /* a private directory for the plugin's own state, 0700, kept between runs; NULL when offline */
} lshost_replica_info;

/* What the database has, in the host's own copy. */
typedef struct lshost_db_status {
  uint32_t struct_size;
  uint32_t page_size; /* 0: not known yet */
  lshost_pos oldest;  /* the first position that wal_open still serves */
  lshost_pos tip;     /* the end of what is committed, captured and safe to replicate */
} lshost_db_status;

/* lshost_wal_info.flags */
enum { LSHOST_WAL_INDEX_COMPLETE = 1 /* no byte will ever follow `end` in this index */ };

/* A run of WAL bytes. */
typedef struct lshost_wal_info {
  uint32_t struct_size;
  uint32_t page_size; /* of the database, in bytes */
  lshost_pos start;   /* of the first byte: the position asked for, or the start of the next index */
  lshost_pos end;     /* behind the last byte: same index as start, behind a commit frame */
  int64_t commit_ns;  /* all transactions of the run were committed by this time, and after the commit_ns of the run
                         before it: a restore to a time cuts between runs */
  uint32_t flags;     /* LSHOST_WAL_* */
  uint32_t reserved;  /* 0 */
} lshost_wal_info;

/* An image of the whole database. */
typedef struct lshost_snapshot_info {
  uint32_t struct_size;
  uint32_t page_size; /* of the database, in bytes */
  lshost_pos pos;     /* the image holds all before pos and nothing after it */
  uint64_t size;      /* bytes the stream will have: pages times page_size */
  int64_t created_ns; /* the commit time of pos, as well as it is known */
} lshost_snapshot_info;

/* Types of configuration values. */
enum {
  LSHOST_CFG_STRING = 1,   /* s, s_len */
  LSHOST_CFG_INT = 2,      /* i */
  LSHOST_CFG_BOOL = 3,     /* i: 0 or 1 */
  LSHOST_CFG_DOUBLE = 4,   /* f */
  LSHOST_CFG_DURATION = 5, /* i: nanoseconds; written "1s", "24h" */
  LSHOST_CFG_SIZE = 6      /* i: bytes; written "4GiB" */
};

/* A value of the configuration. Only the member that its type names has a meaning. */
typedef struct lshost_value {
  uint32_t struct_size;
  int32_t type;  /* LSHOST_CFG_* */
  int64_t i;     /* INT, BOOL, DURATION, SIZE */
  double f;      /* DOUBLE */
  const char* s; /* borrowed until destroy returned; ends in NUL */
  size_t s_len;  /* bytes of s, without its NUL */
} lshost_value;

enum { LSHOST_LOG_TRACE = 0, LSHOST_LOG_DEBUG = 1, LSHOST_LOG_INFO = 2, LSHOST_LOG_WARN = 3, LSHOST_LOG_ERROR = 4 };

enum {
  LSHOST_METRIC_COUNTER = 1 /* adds value */,
  LSHOST_METRIC_GAUGE = 2 /* is value */,
  LSHOST_METRIC_HISTOGRAM = 3 /* one observation */
};

/* What a replica is doing, for status and alarms. */
enum {
  LSHOST_STATE_STARTING = 1, /* looking at the destination */
  LSHOST_STATE_WAITING = 2,  /* the database has no generation yet */
  LSHOST_STATE_SNAPSHOT = 3,
  LSHOST_STATE_CATCHUP = 4,
  LSHOST_STATE_STREAMING = 5, /* all that is captured is durable */
  LSHOST_STATE_BACKOFF = 6,   /* something failed and will be tried again */
  LSHOST_STATE_FAILED = 7,    /* a person has to act */
  LSHOST_STATE_STOPPED = 8
};

/* The host's functions. All are [any]. */
typedef struct lshost_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* of the host */

  /* Who the replica is. Never NULL. */
  LSHOST_FN(const lshost_replica_info*, info, lshost_ctx* ctx);

  /* ---- configuration: the keys of this replica in the configuration file ---- */

  /* The value of `key` as LSHOST_CFG_* `type`. index < 0: the value itself; >= 0: that element of an array, where one
   * value alone is an array of one. LSHOST_E_NOT_FOUND: not set, or past the end of the array. LSHOST_E_CONFIG: it is
   * of another type; the error names file, line and column. LSHOST_E_UNSUPPORTED: this host has no such type. */
  LSHOST_FN(int32_t, config_get, lshost_ctx* ctx, const char* key, int32_t index, int32_t type, lshost_value* out,
            lshost_error* err);
  /* LSHOST_E_CONFIG if there are keys that config_get was never asked for; the error names them all. Call it last in
   * create. */
  LSHOST_FN(int32_t, config_check, lshost_ctx* ctx, lshost_error* err);

  /* ---- the database ---- */

  /* LSHOST_END: no generation yet, or offline. Never blocks. */
  LSHOST_FN(int32_t, status, lshost_ctx* ctx, lshost_db_status* out, lshost_error* err);

  /* Opens the run of WAL bytes that begins at `from`. A run stays inside one index and ends behind a commit frame.
   * When all of an index was read, the next run begins at offset 0 of the next one.
   * LSHOST_END: nothing more now: `from` is the tip, or the end of an index, and the tip is (its index + 1, 0): then go
   * on from there, and report that the index is whole. LSHOST_GONE: the host does not have that position (another
   * generation, trimmed, or ahead of the host): take a snapshot. A replica that is ahead holds another history (of a
   * copy of the database, or of local state that was set back): the host begins a new generation before that snapshot.
   * The bytes of each index, put together, are a WAL file that SQLite accepts. */
  LSHOST_FN(int32_t, wal_open, lshost_ctx* ctx, const lshost_pos* from, lshost_wal_info* info, lshost_reader** out,
            lshost_error* err);

  /* Opens one consistent image of the database. flags: 0; LSHOST_E_UNSUPPORTED for kinds of image that later minors
   * add. While the stream is open the host holds checkpoints back, and from now on keeps the WAL from offset 0 of
   * pos.index for this replica. If the WAL grows beyond what is configured, the host takes the stream back: read says
   * LSHOST_GONE. Replicate that WAL, too, from its offset 0: a restore begins with all of the snapshot's index.
   * LSHOST_END: no generation yet. One open snapshot per replica. */
  LSHOST_FN(int32_t, snapshot_open, lshost_ctx* ctx, uint32_t flags, lshost_snapshot_info* info, lshost_reader** out,
            lshost_error* err);

  /* 1: a new snapshot is due by the configured schedule; 0: not. `wait` also returns when it becomes due. */
  LSHOST_FN(int32_t, snapshot_due, lshost_ctx* ctx);

  /* ---- waiting; each returns LSHOST_CANCELLED at once when the host wants the replica to stop: from just before it
   * calls stop until stop returned and all threads are joined ---- */

  /* LSHOST_OK: the tip differs from `seen` (NULL or generation "": there is a tip at all), or a snapshot is due.
   * LSHOST_TIMEOUT: not within timeout_ms. timeout_ms < 0: no limit. Level-triggered, so no change is missed. */
  LSHOST_FN(int32_t, wait, lshost_ctx* ctx, const lshost_pos* seen, int64_t timeout_ms);
  /* LSHOST_OK after `ms`. For back-off. */
  LSHOST_FN(int32_t, sleep, lshost_ctx* ctx, int64_t ms);
  /* 1: the host wants the replica to stop; 0: not. */
  LSHOST_FN(int32_t, cancelled, lshost_ctx* ctx);
  /* For event loops: a descriptor that polls readable after a new tip, a due snapshot or a cancel; read 8 bytes from it
   * to arm it again. Borrowed until destroy. -1: none. */
  LSHOST_FN(int32_t, event_fd, lshost_ctx* ctx);

  /* ---- reporting ---- */

  /* The promise that everything before `durable` survives at the destination, whatever happens, and can be restored
   * from there. The host frees its own copy by it: never report early. Reporting a lower position than before is
   * allowed after data was lost at the destination. */
  LSHOST_FN(void, report_pos, lshost_ctx* ctx, const lshost_pos* durable);
  /* A snapshot as of `pos` is durable at the destination. Ends snapshot_due. */
  LSHOST_FN(void, report_snapshot, lshost_ctx* ctx, const lshost_pos* pos, uint64_t size);
  /* LSHOST_STATE_*; detail may be NULL. */
  LSHOST_FN(void, report_state, lshost_ctx* ctx, int32_t state, const char* detail);
  /* A failure that the plugin will retry. The host logs it when it begins, at growing intervals, and when it ended
   * (the next report_pos). */
  LSHOST_FN(void, report_error, lshost_ctx* ctx, const lshost_error* err);

  /* 1: lines of that level are written. */
  LSHOST_FN(int32_t, log_enabled, lshost_ctx* ctx, int32_t level);
  /* Database, replica and type are added. No secrets. kv: n_kv of them, NULL where that is 0. */
  LSHOST_FN(void, log, lshost_ctx* ctx, int32_t level, const char* message, const lshost_kv* kv, size_t n_kv);
  /* Name: snake_case with its unit at the end ("put_seconds"). Labels database, replica and type are added. */
  LSHOST_FN(void, metric, lshost_ctx* ctx, const char* name, int32_t kind, double value);

  /* ---- threads ---- */

  /* Runs fn(arg) on a thread that the host names, with signals blocked, and joins after stop and before destroy.
   * fn returns when a call says LSHOST_CANCELLED. On every other result than LSHOST_OK it is never called, and arg is
   * still yours. */
  LSHOST_FN(int32_t, spawn, lshost_ctx* ctx, const char* name, LSHOST_FN(void, fn, void* arg), void* arg,
            lshost_error* err);

  /* Optional services by id, such as LSHOST_HOST_ENGINE. NULL: this host has none of that name. Static. */
  LSHOST_FN(const void*, extension, lshost_ctx* ctx, const char* id);
} lshost_host;

LSHOST_END_C
#endif
