/* lshost/ext/restore.h - extension of a replicator: list and read what lies at the destination.
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_EXT_RESTORE_H
#define LSHOST_EXT_RESTORE_H

#include <lshost/abi.h>
#include <lshost/module.h>

#define LSHOST_EXT_RESTORE "lshost.restore/1" /* from lshost_replicator.extension */

LSHOST_BEGIN_C

enum { LSHOST_ITEM_GENERATION = 1, LSHOST_ITEM_SNAPSHOT = 2, LSHOST_ITEM_WAL = 3 };

/* lshost_item.flags */
enum {
  LSHOST_ITEM_INDEX_COMPLETE = 1 /* WAL: its index ends with this item; the next index follows without a gap */
};

/* Something at the destination.
 *   GENERATION  pos.generation is its name; the rest is as well as is known without reading everything.
 *   SNAPSHOT    the image of the database as of pos. To go on from it, the WAL of pos.index is needed from offset 0.
 *   WAL         the bytes [pos.offset, pos.offset + size) of index pos.index; several items may make up one index. */
typedef struct lshost_item {
  uint32_t struct_size;
  int32_t kind;       /* LSHOST_ITEM_* */
  lshost_pos pos;     /* SNAPSHOT: the image is as of here; WAL: its first byte */
  uint64_t size;      /* bytes that open will deliver */
  int64_t created_ns; /* GENERATION, SNAPSHOT: of pos; WAL: the commit time of its first run; 0: not known */
  int64_t updated_ns; /* WAL: the commit time of its last run; GENERATION: of the last thing in it; 0: not known */
  uint32_t flags;     /* LSHOST_ITEM_* flags */
  uint32_t reserved;  /* 0 */
} lshost_item;

/* Receives a list. `item` is borrowed for the call. Another result than LSHOST_OK ends the listing, which returns it.
 */
typedef struct lshost_item_sink lshost_item_sink;
struct lshost_item_sink {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  void* impl;     /* the maker's */
  /* Takes one item. */
  LSHOST_FN(int32_t, item, lshost_item_sink* self, const lshost_item* item);
};

/* Receives commit times of one index, in order: all transactions that end at or before `end_offset` were committed by
 * `commit_ns`. */
typedef struct lshost_time_sink lshost_time_sink;
struct lshost_time_sink {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  void* impl;     /* the maker's */
  /* Takes one time. */
  LSHOST_FN(int32_t, time, lshost_time_sink* self, uint64_t end_offset, int64_t commit_ns);
};

/* Works on instances that were never started, also on ones made LSHOST_CREATE_OFFLINE; beside a running worker, too.
 * All functions are [any], may block, and return LSHOST_CANCELLED when the context is cancelled. */
typedef struct lshost_restore {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  /* Lists items of one kind in position order; `generation` is ignored for GENERATION, and may be NULL then. Unfinished
   * and foreign things are left out. LSHOST_E_UNSUPPORTED: a kind that you do not know. A destination with nothing in
   * it lists nothing; one that can not be read is a failure. */
  LSHOST_FN(int32_t, list, lshost_replicator* self, int32_t kind, const char* generation, lshost_item_sink* sink,
            lshost_error* err);
  /* The bytes of a SNAPSHOT or WAL item, as raw SQLite bytes. LSHOST_E_CORRUPT, here or while reading, if they are not
   * what was stored; LSHOST_E_NOT_FOUND, here or while reading, if it was removed after it was listed. */
  LSHOST_FN(int32_t, open, lshost_replicator* self, const lshost_item* item, lshost_reader** out, lshost_error* err);
  /* Optional, may be NULL. The commit times inside one WAL item. */
  LSHOST_FN(int32_t, commit_times, lshost_replicator* self, const lshost_item* item, lshost_time_sink* sink,
            lshost_error* err);
} lshost_restore;

LSHOST_END_C
#endif
