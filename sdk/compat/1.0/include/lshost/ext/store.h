/* lshost/ext/store.h - for destinations that store named objects: put, get, list and remove are enough, and the host's
 * engine makes a complete replicator of them (loop, resume, back-off, snapshots, retention, restore, health,
 * compression, encryption), so that a fix in the loop needs no new plugin. SPDX-License-Identifier: MIT. The rules
 * stand in plugin.h. */
#ifndef LSHOST_EXT_STORE_H
#define LSHOST_EXT_STORE_H

#include <lshost/abi.h>
#include <lshost/host.h>
#include <lshost/module.h>

#define LSHOST_HOST_ENGINE "lshost.host.engine/1" /* from lshost_host.extension */

LSHOST_BEGIN_C

/* An object. */
typedef struct lshost_blob {
  uint32_t struct_size;
  uint32_t flags;     /* 0 */
  const char* key;    /* in full */
  uint64_t size;      /* bytes */
  int64_t created_ns; /* 0: not known */
} lshost_blob;

/* Receives a list. `blob` is borrowed for the call. Another result than LSHOST_OK ends the listing, which returns it.
 */
typedef struct lshost_blob_sink lshost_blob_sink;
struct lshost_blob_sink {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  void* impl;     /* the maker's */
  /* Takes one object. */
  LSHOST_FN(int32_t, item, lshost_blob_sink* self, const lshost_blob* blob);
};

/* lshost_store.flags */
enum { LSHOST_STORE_PARALLEL = 1 /* several calls at once are allowed */ };

/* As a size: not known before the stream ends. */
#define LSHOST_SIZE_UNKNOWN UINT64_MAX

/* A store of named objects. Keys: [A-Za-z0-9._-/], at most 255 bytes. All functions are [worker], may block, and come
 * one at a time unless LSHOST_STORE_PARALLEL is set. */
typedef struct lshost_store lshost_store;
struct lshost_store {
  uint32_t struct_size;
  uint32_t flags; /* LSHOST_STORE_* */
  void* impl;     /* the plugin's */
  /* Reads `size` bytes from body, or all there are if it is LSHOST_SIZE_UNKNOWN (a snapshot, compressed on its way,
   * maybe hundreds of gigabytes), does not close it, and stores them: whole or not at all, replacing what is there,
   * durable and listable on LSHOST_OK. A body can be read once: a store that can, repeats a part that failed by itself.
   * The same key with the same bytes succeeds again: calls are repeated. */
  LSHOST_FN(int32_t, put, lshost_store* self, const char* key, lshost_reader* body, uint64_t size, lshost_error* err);
  /* The same, for an object that is thought to be new: where there is one of this key, nothing changes, and the result
   * is LSHOST_E_EXISTS. Two callers at once: one of them gets that. It is how a second host that stores into the same
   * place is found out. Optional, may be NULL: this store can't tell, and put is called instead. */
  LSHOST_FN(int32_t, put_new, lshost_store* self, const char* key, lshost_reader* body, uint64_t size,
            lshost_error* err);
  /* The bytes [offset, offset + length) of an object, cut at its end; length LSHOST_SIZE_UNKNOWN: to its end.
   * LSHOST_E_NOT_FOUND: there is no such object. The reader is closed before destroy. */
  LSHOST_FN(int32_t, get, lshost_store* self, const char* key, uint64_t offset, uint64_t length, lshost_reader** out,
            lshost_error* err);
  /* All objects whose keys begin with `prefix` ("": all), in any order. */
  LSHOST_FN(int32_t, list, lshost_store* self, const char* prefix, lshost_blob_sink* sink, lshost_error* err);
  /* A missing key is no error. */
  LSHOST_FN(int32_t, remove, lshost_store* self, const char* const* keys, size_t n, lshost_error* err);
  /* Nothing is called after it. */
  LSHOST_FN(void, destroy, lshost_store* self);
};

/* The host's engine: the table behind LSHOST_HOST_ENGINE. */
typedef struct lshost_engine {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  /* [control] Makes a replicator of a store. Takes the store over, also when it fails; the replicator's destroy
   * destroys it. `type` is copied. */
  LSHOST_FN(int32_t, create, lshost_ctx* ctx, const char* type, lshost_store* store, lshost_replicator** out,
            lshost_error* err);
} lshost_engine;

LSHOST_END_C
#endif
