/* lshost/module.h - what a plugin gives the host: the module, its types, and replicators.
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_MODULE_H
#define LSHOST_MODULE_H

#include <lshost/abi.h>
#include <lshost/host.h>

/* The name of lshost_plugin_v1, to look it up. */
#define LSHOST_ENTRY_SYMBOL "lshost_plugin_v1"

LSHOST_BEGIN_C

/* One replica's worker: the five functions Name, Type, Snapshotting, Start and Stop, its end, and its extensions.
 * Made by lshost_type.create, owned by the host until destroy. */
typedef struct lshost_replicator lshost_replicator;
struct lshost_replicator {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  void* impl;     /* the plugin's */

  /* [any] The replica's name: the one configured, or the type. Never blocks. Borrowed until destroy. */
  LSHOST_FN(const char*, name, lshost_replicator* self);
  /* [any] The type, as in the configuration. Never blocks. Borrowed until destroy. */
  LSHOST_FN(const char*, type, lshost_replicator* self);
  /* [any] 1 while a snapshot is being taken, and from start until the position at the destination is known; else 0.
   * Status only: what holds checkpoints back is the stream that snapshot_open gave. Never blocks. */
  LSHOST_FN(int32_t, snapshotting, lshost_replicator* self);
  /* [control] Begins to replicate and returns at once; the work runs in threads made with spawn. A run that is
   * going on is stopped first. A failure here means that it can not work until somebody acts; a destination that is
   * only away is retried in the worker instead. */
  LSHOST_FN(int32_t, start, lshost_replicator* self, lshost_error* err);
  /* [control] Returns when nothing more is done; the context is cancelled already, so every wait has returned.
   * (To drain, the host waits for report_pos to reach the tip before.) deadline_ms: how long the host is willing to
   * wait, < 0: for ever; a host that waited in vain ends its process. start may follow. Stopping a stopped one is no
   * error. */
  LSHOST_FN(int32_t, stop, lshost_replicator* self, int64_t deadline_ms, lshost_error* err);
  /* [control] The end; stopped before, all its readers closed. */
  LSHOST_FN(void, destroy, lshost_replicator* self);
  /* [any] A table by id (ext/...), borrowed until destroy; NULL: not supported. May be NULL itself. */
  LSHOST_FN(const void*, extension, lshost_replicator* self, const char* id);
};

/* lshost_type.create, flags */
enum {
  LSHOST_CREATE_OFFLINE = 1 /* no database (restore, listings): status, wal_open, snapshot_open say LSHOST_END */
};

/* lshost_type.flags */
enum {
  LSHOST_TYPE_STORE = 1 /* create gives a store to the host's engine (ext/store.h): the engine's keys belong to the
                           type, and its config-schema has the plugin's own only */
};

/* A kind of destination. Static. */
typedef struct lshost_type lshost_type;
struct lshost_type {
  uint32_t struct_size;
  uint32_t flags;      /* LSHOST_TYPE_* */
  const char* type;    /* the word in the configuration: [a-z0-9-]+ */
  const char* summary; /* one line for people */
  /* [control] Makes a replicator from the configuration in ctx: reads and checks keys, touches neither network nor
   * disk. `host` and `ctx` stay valid until destroy returned. */
  LSHOST_FN(int32_t, create, const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, uint32_t flags,
            lshost_replicator** out, lshost_error* err);
  /* [any] A static table by id, such as LSHOST_EXT_CONFIG_SCHEMA; NULL: not supported. May be NULL itself. */
  LSHOST_FN(const void*, extension, const lshost_type* self, const char* id);
};

/* What a library holds. Static. */
typedef struct lshost_module {
  uint32_t struct_size;
  uint32_t abi_minor;              /* LSHOST_ABI_MINOR it was built with */
  const char* name;                /* "lshost-file" */
  const char* version;             /* of the plugin */
  const char* vendor;              /* may be "" or NULL */
  const char* license;             /* SPDX, may be "" or NULL */
  const char* url;                 /* may be "" or NULL */
  uint32_t min_host_minor;         /* an older host refuses it, with a sentence */
  uint32_t type_count;             /* of types */
  const lshost_type* const* types; /* each with a name of its own */
} lshost_module;

/* Who is loading. Borrowed for the call. */
typedef struct lshost_host_info {
  uint32_t struct_size;
  uint32_t abi_minor;  /* of the host */
  const char* name;    /* "lshost" */
  const char* version; /* "0.1.0" */
} lshost_host_info;

/* [any] The one exported function. Returns static data, has no side effects, may be called again and again.
 * NULL with err filled: the plugin refuses this host. */
LSHOST_EXPORT const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) LSHOST_NOEXCEPT;

LSHOST_END_C
#endif
