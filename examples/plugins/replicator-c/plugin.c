/* The destination "shelf" in plain C: a folder in which each snapshot and each run of WAL is a file. Their names say
 * what they are: <path>/<generation>/<snapshot|wal>/<index>-<offset>-<size>-<time> A run of no bytes says that its
 * index ends there. */

#include <inttypes.h>
#include <lshost/plugin.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

#define NUMBERS "%016" PRIx64 "-%016" PRIx64 "-%016" PRIx64 "-%016" PRIx64

typedef struct plugin {
  lshost_replicator base;
  const lshost_host* host;
  lshost_ctx* ctx;
  folder files;
  atomic_int snapshotting;
  /* Of the worker's thread. */
  lshost_pos snapshot; /* that the WAL continues; generation "": there is none yet */
  lshost_pos next;     /* where the next byte of WAL goes; generation "": find out */
} plugin;

/* ---- names ---- */

enum { NAME_SIZE = 160 };

static void name_of(char* name, const lshost_item* item) {
  (void)snprintf(name, NAME_SIZE, "%.31s/%s/" NUMBERS, item->pos.generation,
                 item->kind == LSHOST_ITEM_WAL ? "wal" : "snapshot", item->pos.index, item->pos.offset, item->size,
                 (uint64_t)item->created_ns);
}

/* 0: the name is not one of ours, or the file is cut. */
static int parse_name(const char* name, uint64_t size, lshost_item* item) {
  char kind[9];
  char again[NAME_SIZE];
  uint64_t time = 0;
  memset(item, 0, sizeof *item);
  item->struct_size = sizeof *item;
  if (sscanf(name, "%31[0-9a-f]/%8[a-z]/" NUMBERS, item->pos.generation, kind, &item->pos.index, &item->pos.offset,
             &item->size, &time) != 6) {
    return 0;
  }
  item->kind = strcmp(kind, "wal") == 0 ? LSHOST_ITEM_WAL : LSHOST_ITEM_SNAPSHOT;
  item->created_ns = item->updated_ns = (int64_t)time;
  name_of(again, item);
  return strcmp(name, again) == 0 && item->size == size;
}

/* ---- what is stored ---- */

typedef struct items {
  lshost_item* all; /* to be freed */
  size_t count;
} items;

static int ends_at(const lshost_item* wal, const lshost_pos* pos) {
  return wal->pos.index == pos->index && wal->pos.offset + wal->size == pos->offset;
}

static int32_t add_item(void* arg, const char* name, uint64_t size) {
  items* found = arg;
  lshost_item item;
  if (!parse_name(name, size, &item)) return LSHOST_OK;
  lshost_item* last = found->count > 0 ? &found->all[found->count - 1] : NULL;
  if (item.size == 0) {
    if (last != NULL && ends_at(last, &item.pos)) last->flags |= LSHOST_ITEM_INDEX_COMPLETE;
    return LSHOST_OK;
  }
  if ((found->count & (found->count - 1)) == 0) { /* full: twice as many */
    const size_t room = found->count == 0 ? 1 : found->count * 2;
    lshost_item* more = realloc(found->all, room * sizeof *more);
    if (more == NULL) return LSHOST_E_NO_MEMORY;
    found->all = more;
  }
  found->all[found->count++] = item;
  return LSHOST_OK;
}

/* Of one generation, or of all if it is "", in order. */
static int32_t find_items(const plugin* me, const char* generation, items* found, lshost_error* err) {
  found->all = NULL;
  found->count = 0;
  return folder_list(&me->files, generation, add_item, found, err);
}

/* ---- lshost.restore/1 ---- */

static int32_t list(lshost_replicator* self, int32_t kind, const char* generation, lshost_item_sink* sink,
                    lshost_error* err) {
  items found;
  lshost_item of = {.struct_size = sizeof of, .kind = LSHOST_ITEM_GENERATION};
  if (kind < LSHOST_ITEM_GENERATION || kind > LSHOST_ITEM_WAL) {
    return fail(err, LSHOST_E_UNSUPPORTED, 0, "there are no items of kind %d", (int)kind);
  }
  int32_t result = find_items(self->impl, kind == LSHOST_ITEM_GENERATION ? "" : generation, &found, err);
  for (size_t i = 0; i < found.count && result == LSHOST_OK; ++i) {
    const lshost_item* item = &found.all[i];
    if (kind == LSHOST_ITEM_GENERATION && strcmp(of.pos.generation, item->pos.generation) != 0) {
      memcpy(of.pos.generation, item->pos.generation, sizeof of.pos.generation);
      result = sink->item(sink, &of);
    }
    if (kind == item->kind) result = sink->item(sink, item);
  }
  free(found.all);
  return result;
}

static int32_t open_item(lshost_replicator* self, const lshost_item* item, lshost_reader** out, lshost_error* err) {
  const plugin* me = self->impl;
  char name[NAME_SIZE];
  name_of(name, item);
  return folder_get(&me->files, name, 0, item->size, out, err);
}

static const lshost_restore restore_table = {sizeof restore_table, 0, list, open_item, NULL};

/* ---- lshost.retention/1 ---- */

static int32_t remove_items(lshost_replicator* self, const lshost_item* const* all, size_t n, lshost_error* err) {
  const plugin* me = self->impl;
  int32_t result = LSHOST_OK;
  for (size_t i = 0; i < n && result == LSHOST_OK; ++i) {
    char name[NAME_SIZE];
    name_of(name, all[i]);
    result = all[i]->kind == LSHOST_ITEM_GENERATION ? folder_remove_all(&me->files, all[i]->pos.generation, err)
                                                    : folder_remove(&me->files, name, err);
  }
  return result;
}

static const lshost_retention retention_table = {sizeof retention_table, 0, remove_items};

/* ---- the worker: each function returns LSHOST_OK, or what ends the round ---- */

static int same_generation(const lshost_pos* a, const lshost_pos* b) {
  return strcmp(a->generation, b->generation) == 0;
}

static int is_at(const lshost_pos* a, const lshost_pos* b) {
  return same_generation(a, b) && a->index == b->index && a->offset == b->offset;
}

static lshost_pos start_of(const lshost_pos* pos, uint64_t index) {
  lshost_pos start = *pos;
  start.index = index;
  start.offset = 0;
  return start;
}

/* All before `end` is durable here. The host frees its own copy by what is reported, so not before a snapshot carries
 * it. */
static void stored(plugin* me, const lshost_pos* end) {
  const lshost_pos* base = &me->snapshot;
  me->next = *end;
  if (!same_generation(end, base)) return;
  if (end->index > base->index || (end->index == base->index && end->offset >= base->offset)) {
    me->host->report_pos(me->ctx, end);
  }
}

static int32_t store(plugin* me, int32_t kind, const lshost_pos* pos, uint64_t size, int64_t time, lshost_reader* bytes,
                     lshost_error* err) {
  const lshost_item item = {.kind = kind, .pos = *pos, .size = size, .created_ns = time};
  char name[NAME_SIZE];
  name_of(name, &item);
  return folder_put(&me->files, name, bytes, size, err);
}

/* Finds out what an earlier run stored: the newest snapshot, and how far the WAL goes from there without a gap. */
static int32_t resume(plugin* me, const lshost_pos* tip, lshost_error* err) {
  items found;
  const int32_t result = find_items(me, tip->generation, &found, err);
  memset(&me->snapshot, 0, sizeof me->snapshot);
  lshost_pos next = start_of(tip, 0);
  for (size_t i = 0; i < found.count; ++i) {
    const lshost_item* item = &found.all[i];
    if (item->kind == LSHOST_ITEM_SNAPSHOT) { /* all of them stand before the WAL */
      me->snapshot = item->pos;
      next = start_of(&item->pos, item->pos.index);
    } else if (is_at(&item->pos, &next)) {
      next.offset += item->size;
      if ((item->flags & LSHOST_ITEM_INDEX_COMPLETE) != 0) next = start_of(&next, next.index + 1);
    }
  }
  free(found.all);
  if (result == LSHOST_OK) stored(me, &next);
  return result;
}

static int32_t store_snapshot(plugin* me, lshost_error* err) {
  lshost_snapshot_info info = {.struct_size = sizeof info};
  lshost_reader* image = NULL;
  int32_t result = me->host->snapshot_open(me->ctx, 0, &info, &image, err);
  if (result != LSHOST_OK) return result;
  me->snapshotting = 1;
  me->host->report_state(me->ctx, LSHOST_STATE_SNAPSHOT, NULL);
  result = store(me, LSHOST_ITEM_SNAPSHOT, &info.pos, info.size, info.created_ns, image, err);
  image->close(image); /* soon: it holds checkpoints back */
  if (result != LSHOST_OK) return result;
  me->host->report_snapshot(me->ctx, &info.pos, info.size);
  if (same_generation(&me->snapshot, &info.pos)) return LSHOST_OK; /* the WAL goes on where it was */
  me->snapshot = info.pos;
  const lshost_pos start = start_of(&info.pos, info.pos.index); /* a restore reads the index from its beginning */
  stored(me, &start);
  return LSHOST_OK;
}

static int32_t end_index(plugin* me, const lshost_pos* following, lshost_error* err) {
  const int32_t result = store(me, LSHOST_ITEM_WAL, &me->next, 0, 0, NULL, err);
  if (result == LSHOST_OK) stored(me, following);
  return result;
}

static int32_t store_wal(plugin* me, lshost_error* err) {
  for (;;) {
    lshost_wal_info info = {.struct_size = sizeof info};
    lshost_reader* run = NULL;
    int32_t result = me->host->wal_open(me->ctx, &me->next, &info, &run, err);
    if (result == LSHOST_END) return LSHOST_OK;
    if (result != LSHOST_OK) return result;
    if (!is_at(&info.start, &me->next)) result = end_index(me, &info.start, err);
    if (result == LSHOST_OK) {
      const uint64_t size = info.end.offset - info.start.offset;
      result = store(me, LSHOST_ITEM_WAL, &info.start, size, info.commit_ns, run, err);
    }
    run->close(run);
    if (result != LSHOST_OK) return result;
    stored(me, &info.end);
  }
}

static int32_t carry_up_to(plugin* me, const lshost_pos* tip, lshost_error* err) {
  int32_t result = same_generation(&me->next, tip) ? LSHOST_OK : resume(me, tip, err);
  if (result == LSHOST_OK && me->snapshot.generation[0] == '\0') result = store_snapshot(me, err);
  if (result == LSHOST_OK) result = store_wal(me, err);
  const lshost_pos following = start_of(&me->next, me->next.index + 1);
  if (result == LSHOST_OK && is_at(tip, &following)) result = end_index(me, tip, err); /* it has no byte yet */
  if (result == LSHOST_OK && me->host->snapshot_due(me->ctx)) result = store_snapshot(me, err);
  return result;
}

/* One round, and what comes between it and the next. LSHOST_CANCELLED ends the worker. */
static int32_t round_of(plugin* me) {
  lshost_error err = {.struct_size = sizeof err};
  lshost_db_status status = {.struct_size = sizeof status};
  int32_t result = me->host->status(me->ctx, &status, &err);
  const int has_tip = result == LSHOST_OK;
  if (has_tip) result = carry_up_to(me, &status.tip, &err);
  me->snapshotting = 0;
  if (result == LSHOST_OK || result == LSHOST_END) {
    me->host->report_state(me->ctx, has_tip ? LSHOST_STATE_STREAMING : LSHOST_STATE_WAITING, NULL);
    return me->host->wait(me->ctx, has_tip ? &status.tip : NULL, -1);
  }
  if (result == LSHOST_CANCELLED) return result;
  if (result == LSHOST_GONE) { /* the host has no WAL behind what we have: a snapshot is needed */
    memset(&me->snapshot, 0, sizeof me->snapshot);
    return me->host->sleep(me->ctx, 100);
  }
  memset(&me->next, 0, sizeof me->next); /* what is at the destination decides how it goes on */
  me->host->report_error(me->ctx, &err);
  me->host->report_state(me->ctx, LSHOST_STATE_BACKOFF, err.message);
  return me->host->sleep(me->ctx, 1000);
}

static void run(void* arg) {
  plugin* me = arg;
  memset(&me->next, 0, sizeof me->next);
  while (round_of(me) != LSHOST_CANCELLED) {
  }
}

/* ---- the replicator ---- */

static const char* get_name(lshost_replicator* self) {
  const plugin* me = self->impl;
  return me->host->info(me->ctx)->replica;
}

static const char* get_type(lshost_replicator* self) {
  (void)self;
  return "shelf";
}

static int32_t is_snapshotting(lshost_replicator* self) { return ((const plugin*)self->impl)->snapshotting; }

static int32_t start(lshost_replicator* self, lshost_error* err) {
  plugin* me = self->impl;
  me->snapshotting = 1; /* until the position is known */
  return me->host->spawn(me->ctx, "shelf", run, me, err);
}

/* Every wait and read says LSHOST_CANCELLED already, and the host joins the worker. */
static int32_t stop(lshost_replicator* self, int64_t deadline_ms, lshost_error* err) {
  (void)self;
  (void)deadline_ms;
  (void)err;
  return LSHOST_OK;
}

static void destroy(lshost_replicator* self) { free(self->impl); }

static const void* get_extension(lshost_replicator* self, const char* id) {
  (void)self;
  if (strcmp(id, LSHOST_EXT_RESTORE) == 0) return &restore_table;
  if (strcmp(id, LSHOST_EXT_RETENTION) == 0) return &retention_table;
  return NULL;
}

/* ---- the type ---- */

static int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, uint32_t flags,
                      lshost_replicator** out, lshost_error* err) {
  (void)self;
  (void)flags;
  *out = NULL;
  plugin* me = calloc(1, sizeof *me);
  if (me == NULL) return fail(err, LSHOST_E_NO_MEMORY, LSHOST_ERR_RETRYABLE, "out of memory");
  const lshost_replicator base = {sizeof base,     0,     me,   get_name, get_type,
                                  is_snapshotting, start, stop, destroy,  get_extension};
  me->base = base;
  me->host = host;
  me->ctx = ctx;
  int32_t result = folder_init(&me->files, host, ctx, err);
  if (result == LSHOST_OK) result = host->config_check(ctx, err);
  if (result == LSHOST_OK) {
    *out = &me->base;
  } else {
    free(me);
  }
  return result;
}

static const lshost_config_key path_key = {sizeof path_key,
                                           LSHOST_CFG_STRING,
                                           LSHOST_KEY_REQUIRED | LSHOST_KEY_URL_PATH,
                                           0,
                                           "path",
                                           NULL,
                                           "the folder, absolute",
                                           NULL};
static const lshost_config_key* const keys[] = {&path_key};
static const lshost_config_schema schema = {sizeof schema, 1, keys};

static const void* type_extension(const lshost_type* self, const char* id) {
  (void)self;
  return strcmp(id, LSHOST_EXT_CONFIG_SCHEMA) == 0 ? &schema : NULL;
}

static const lshost_type type = {
    sizeof type, 0, "shelf", "a folder: one file for each snapshot and each run of WAL", create, type_extension};
static const lshost_type* const types[] = {&type};
static const lshost_module module = {sizeof module, LSHOST_ABI_MINOR, "lshost-shelf", "1.0.0", "", "", "", 0, 1, types};

LSHOST_DEFINE_META("lshost-shelf", "1.0.0", "shelf")

const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) {
  (void)host;
  (void)err;
  return &module;
}
