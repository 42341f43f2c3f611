/* A plugin of 1.0 in C11, kept as it was written then: never edited, built from the headers beside it, and loaded by
 * the host of today in every run of the tests. It is a whole replicator: snapshots and runs of WAL as files of a
 * folder, listed, read back, removed and probed.
 *
 *   <path>/<generation>/snapshot-<index>-<offset>-<time>
 *   <path>/<generation>/wal-<index>-<offset>-<time>-<end>-<c|n><c|l>   continues the run before it or not; the last one
 *                                                                      of its index or not known to be */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lshost/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CHAIN_TYPE
#define CHAIN_TYPE "chain"
#endif

typedef struct chain {
  lshost_replicator base;
  const lshost_host* host;
  lshost_ctx* ctx;
  char path[1024];
  _Atomic int32_t snapshotting;
} chain;

/* ---- failures ---- */

static int32_t fail(lshost_error* err, int32_t code, const char* what, const char* path) {
  if (err != NULL && err->struct_size >= sizeof *err) {
    err->code = code;
    err->flags = LSHOST_ERR_RETRYABLE;
    (void)snprintf(err->message, sizeof err->message, "%s %s: %s", what, path, strerror(errno));
  }
  return code;
}

/* ---- files ---- */

static int32_t sync_folder(const char* path, lshost_error* err) {
  const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return fail(err, LSHOST_E_IO, "open", path);
  const int failed = fsync(folder);
  close(folder);
  return failed == 0 ? LSHOST_OK : fail(err, LSHOST_E_IO, "sync", path);
}

/* Everything of `from`, durable under `name` in the generation's folder, or nothing. */
static int32_t store(const chain* me, const char* generation, const char* name, lshost_reader* from, uint64_t* size,
                     lshost_error* err) {
  char folder[1100], target[1400], temporary[1420];
  (void)snprintf(folder, sizeof folder, "%s/%s", me->path, generation);
  (void)snprintf(target, sizeof target, "%s/%s", folder, name);
  (void)snprintf(temporary, sizeof temporary, "%s.tmp", target);
  if (mkdir(me->path, 0700) != 0 && errno != EEXIST) return fail(err, LSHOST_E_IO, "make", me->path);
  if (mkdir(folder, 0700) != 0 && errno != EEXIST) return fail(err, LSHOST_E_IO, "make", folder);
  const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(err, LSHOST_E_IO, "open", temporary);
  static _Thread_local char buffer[65536];
  size_t n = 0;
  int32_t result = LSHOST_OK;
  *size = 0;
  while ((result = from->read(from, buffer, sizeof buffer, &n, err)) == LSHOST_OK && n > 0) {
    if (write(file, buffer, n) != (ssize_t)n) {
      result = fail(err, LSHOST_E_IO, "write", temporary);
      break;
    }
    *size += n;
  }
  if (result == LSHOST_OK && fsync(file) != 0) result = fail(err, LSHOST_E_IO, "sync", temporary);
  close(file);
  if (result == LSHOST_OK && rename(temporary, target) != 0) result = fail(err, LSHOST_E_IO, "rename", temporary);
  if (result == LSHOST_OK) result = sync_folder(folder, err);
  return result == LSHOST_OK ? sync_folder(me->path, err) : result;
}

/* ---- what lies there ---- */

typedef struct stored {
  lshost_item item;
  uint64_t end;
  int continues;
  char name[256];
} stored;

static int parse(const char* generation, const char* name, stored* out) {
  char continues = 0, last = 0, more = 0;
  memset(out, 0, sizeof *out);
  out->item.struct_size = sizeof out->item;
  (void)snprintf(out->item.pos.generation, sizeof out->item.pos.generation, "%.31s", generation);
  (void)snprintf(out->name, sizeof out->name, "%.255s", name);
  lshost_pos* pos = &out->item.pos;
  if (sscanf(name, "snapshot-%16" SCNx64 "-%16" SCNx64 "-%" SCNd64 "%c", &pos->index, &pos->offset,
             &out->item.created_ns, &more) == 3) {
    out->item.kind = LSHOST_ITEM_SNAPSHOT;
    return 1;
  }
  if (sscanf(name, "wal-%16" SCNx64 "-%16" SCNx64 "-%" SCNd64 "-%16" SCNx64 "-%c%c%c", &pos->index, &pos->offset,
             &out->item.created_ns, &out->end, &continues, &last, &more) != 6) {
    return 0;
  }
  out->item.kind = LSHOST_ITEM_WAL;
  out->item.size = out->end - pos->offset;
  out->item.updated_ns = out->item.created_ns;
  out->item.flags = last == 'l' ? LSHOST_ITEM_INDEX_COMPLETE : 0;
  out->continues = continues == 'c';
  return 1;
}

static int by_position(const void* a, const void* b) {
  const stored *x = a, *y = b;
  if (x->item.kind != y->item.kind) return x->item.kind < y->item.kind ? -1 : 1;
  if (x->item.pos.index != y->item.pos.index) return x->item.pos.index < y->item.pos.index ? -1 : 1;
  return (x->item.pos.offset > y->item.pos.offset) - (x->item.pos.offset < y->item.pos.offset);
}

/* Snapshots, then WAL, in position order. The caller frees *all. A generation that is not there has none. */
static int32_t look(const chain* me, const char* generation, stored** all, size_t* count, lshost_error* err) {
  char folder[1100], path[1400];
  *all = NULL;
  *count = 0;
  (void)snprintf(folder, sizeof folder, "%s/%s", me->path, generation);
  DIR* names = opendir(folder);
  if (names == NULL) return errno == ENOENT ? LSHOST_OK : fail(err, LSHOST_E_IO, "list", folder);
  for (const struct dirent* entry; (entry = readdir(names)) != NULL;) {
    stored one;
    struct stat found;
    if (!parse(generation, entry->d_name, &one)) continue;
    (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (stat(path, &found) != 0) continue;
    one.item.size = (uint64_t)found.st_size;
    stored* grown = realloc(*all, (*count + 1) * sizeof *grown);
    if (grown == NULL) {
      closedir(names);
      return LSHOST_E_NO_MEMORY;
    }
    *all = grown;
    grown[(*count)++] = one;
  }
  closedir(names);
  if (*count > 0) qsort(*all, *count, sizeof **all, by_position);
  for (size_t i = 0; i + 1 < *count; ++i) { /* what follows in the next index says that this one is finished */
    stored *one = &(*all)[i], *next = one + 1;
    if (one->item.kind == LSHOST_ITEM_WAL && next->continues && next->item.pos.index == one->item.pos.index + 1) {
      one->item.flags |= LSHOST_ITEM_INDEX_COMPLETE;
    }
  }
  return LSHOST_OK;
}

/* ---- the loop ---- */

typedef struct progress {
  lshost_pos next;    /* the WAL to take next; generation "": look what lies there */
  lshost_pos durable; /* what was reported */
  int continues;      /* `next` is the end of a stored run */
  int needs_snapshot; /* nothing to go on from */
} progress;

static int is_before(const lshost_pos* a, const lshost_pos* b) {
  return a->index < b->index || (a->index == b->index && a->offset < b->offset);
}

/* Never less than before in one generation: a snapshot is ahead of the WAL that is stored after it. */
static void report(const chain* me, progress* at, const lshost_pos* durable) {
  if (strcmp(at->durable.generation, durable->generation) == 0 && is_before(durable, &at->durable)) return;
  at->durable = *durable;
  me->host->report_pos(me->ctx, durable);
}

/* Where to go on in a generation. The WAL of a snapshot's index is stored from its beginning. */
static int32_t look_where(const chain* me, const char* generation, progress* at, lshost_error* err) {
  stored* all = NULL;
  size_t count = 0;
  const int32_t result = look(me, generation, &all, &count, err);
  memset(at, 0, sizeof *at);
  at->needs_snapshot = 1;
  lshost_pos durable;
  for (size_t i = 0; result == LSHOST_OK && i < count; ++i) {
    const stored* one = &all[i];
    const int is_wal = one->item.kind == LSHOST_ITEM_WAL;
    if (is_wal && at->needs_snapshot) break; /* WAL without a snapshot */
    lshost_pos next = one->item.pos, end = one->item.pos;
    next.offset = is_wal ? one->end : 0;
    end.offset = is_wal ? one->end : one->item.pos.offset;
    if (at->needs_snapshot || !is_before(&end, &durable)) durable = end;
    if (at->needs_snapshot || !is_before(&next, &at->next)) {
      at->next = next;
      at->continues = is_wal;
    }
    at->needs_snapshot = 0;
  }
  free(all);
  if (result == LSHOST_OK && !at->needs_snapshot) report(me, at, &durable);
  return result;
}

/* Where the WAL between was lost, what there is of the snapshot's index does not lead to it. */
static int32_t drop_wal_of(const chain* me, const lshost_pos* pos, lshost_error* err) {
  stored* all = NULL;
  size_t count = 0;
  char path[1400];
  int32_t result = look(me, pos->generation, &all, &count, err);
  for (size_t i = 0; result == LSHOST_OK && i < count; ++i) {
    if (all[i].item.kind != LSHOST_ITEM_WAL || all[i].item.pos.index < pos->index) continue;
    (void)snprintf(path, sizeof path, "%s/%s/%s", me->path, pos->generation, all[i].name);
    if (unlink(path) != 0) result = fail(err, LSHOST_E_IO, "remove", path);
  }
  free(all);
  return result;
}

static int32_t take_snapshot(chain* me, progress* at, lshost_error* err) {
  lshost_snapshot_info info = {.struct_size = sizeof info};
  lshost_reader* image = NULL;
  me->snapshotting = 1;
  me->host->report_state(me->ctx, LSHOST_STATE_SNAPSHOT, NULL);
  int32_t result = me->host->snapshot_open(me->ctx, 0, &info, &image, err);
  if (result == LSHOST_OK) {
    char name[128];
    uint64_t size = 0;
    (void)snprintf(name, sizeof name, "snapshot-%016" PRIx64 "-%016" PRIx64 "-%" PRId64, info.pos.index,
                   info.pos.offset, info.created_ns);
    if (at->needs_snapshot) result = drop_wal_of(me, &info.pos, err);
    if (result == LSHOST_OK) result = store(me, info.pos.generation, name, image, &size, err);
    image->close(image);
    if (result == LSHOST_OK && size != info.size) result = LSHOST_E_CORRUPT;
    if (result == LSHOST_OK) {
      me->host->report_snapshot(me->ctx, &info.pos, size);
      if (at->needs_snapshot) {
        at->next = info.pos;
        at->next.offset = 0;
        at->continues = 0;
        at->needs_snapshot = 0;
        report(me, at, &info.pos);
      }
    }
  }
  me->snapshotting = 0;
  return result;
}

static int32_t take_wal(chain* me, progress* at, lshost_error* err) {
  for (;;) {
    lshost_wal_info info = {.struct_size = sizeof info};
    lshost_reader* bytes = NULL;
    const int32_t opened = me->host->wal_open(me->ctx, &at->next, &info, &bytes, err);
    if (opened != LSHOST_OK) return opened;
    char name[160];
    uint64_t size = 0;
    (void)snprintf(name, sizeof name, "wal-%016" PRIx64 "-%016" PRIx64 "-%" PRId64 "-%016" PRIx64 "-%c%c",
                   info.start.index, info.start.offset, info.commit_ns, info.end.offset, at->continues ? 'c' : 'n',
                   (info.flags & LSHOST_WAL_INDEX_COMPLETE) != 0 ? 'l' : 'n');
    int32_t result = store(me, info.start.generation, name, bytes, &size, err);
    bytes->close(bytes);
    if (result == LSHOST_OK && size != info.end.offset - info.start.offset) result = LSHOST_E_CORRUPT;
    if (result != LSHOST_OK) return result;
    at->next = info.end;
    at->continues = 1;
    report(me, at, &info.end);
  }
}

static int32_t round_of_work(chain* me, progress* at, lshost_error* err) {
  lshost_db_status status = {.struct_size = sizeof status};
  int32_t result = me->host->status(me->ctx, &status, err);
  if (result != LSHOST_OK) return result;
  if (strcmp(at->next.generation, status.tip.generation) != 0 && !at->needs_snapshot) {
    result = look_where(me, status.tip.generation, at, err);
    if (result != LSHOST_OK) return result;
  }
  if (at->needs_snapshot || me->host->snapshot_due(me->ctx)) {
    result = take_snapshot(me, at, err);
    if (result != LSHOST_OK) return result;
  }
  result = take_wal(me, at, err);
  if (result == LSHOST_GONE) {
    memset(at, 0, sizeof *at);
    at->needs_snapshot = 1;
  }
  return result;
}

static void work(void* arg) {
  chain* me = arg;
  progress at;
  memset(&at, 0, sizeof at);
  me->host->report_state(me->ctx, LSHOST_STATE_STARTING, NULL);
  while (!me->host->cancelled(me->ctx)) {
    lshost_error err = {.struct_size = sizeof err};
    const int32_t result = round_of_work(me, &at, &err);
    if (result == LSHOST_CANCELLED) break;
    if (result < 0) {
      me->host->report_error(me->ctx, &err);
      me->host->report_state(me->ctx, LSHOST_STATE_BACKOFF, err.message);
      if (me->host->sleep(me->ctx, 100) == LSHOST_CANCELLED) break;
    } else if (result != LSHOST_GONE) {
      me->host->report_state(me->ctx, at.next.generation[0] == '\0' ? LSHOST_STATE_WAITING : LSHOST_STATE_STREAMING,
                             NULL);
      if (me->host->wait(me->ctx, &at.next, -1) == LSHOST_CANCELLED) break;
    }
  }
}

/* ---- lshost.restore/1, lshost.retention/1, lshost.health/1 ---- */

typedef struct file_reader {
  lshost_reader base;
  int file;
  uint64_t offset;
  uint64_t left;
} file_reader;

static int32_t read_file(lshost_reader* self, void* buf, size_t cap, size_t* n, lshost_error* err) {
  file_reader* me = self->impl;
  const size_t wanted = me->left < cap ? (size_t)me->left : cap;
  *n = 0;
  const ssize_t got = pread(me->file, buf, wanted, (off_t)me->offset);
  if (got < 0) return fail(err, LSHOST_E_IO, "read", "an item");
  if ((size_t)got < wanted && got == 0) return fail(err, LSHOST_E_CORRUPT, "read", "an item that is cut");
  *n = (size_t)got;
  me->offset += (uint64_t)got;
  me->left -= (uint64_t)got;
  return LSHOST_OK;
}

static int32_t fd_of_file(lshost_reader* self, uint64_t* offset, uint64_t* length) {
  const file_reader* me = self->impl;
  *offset = me->offset;
  *length = me->left;
  return me->file;
}

static void close_file(lshost_reader* self) {
  file_reader* me = self->impl;
  close(me->file);
  free(me);
}

static int32_t list_generations(const chain* me, lshost_item_sink* sink, lshost_error* err) {
  DIR* names = opendir(me->path);
  if (names == NULL) return errno == ENOENT ? LSHOST_OK : fail(err, LSHOST_E_IO, "list", me->path);
  int32_t result = LSHOST_OK;
  for (const struct dirent* entry; result == LSHOST_OK && (entry = readdir(names)) != NULL;) {
    stored* all = NULL;
    size_t count = 0;
    if (entry->d_name[0] == '.') continue;
    result = look(me, entry->d_name, &all, &count, err);
    if (result == LSHOST_OK && count > 0) {
      lshost_item item = all[0].item;
      item.kind = LSHOST_ITEM_GENERATION;
      item.updated_ns = all[count - 1].item.created_ns;
      item.flags = 0;
      result = sink->item(sink, &item);
    }
    free(all);
  }
  closedir(names);
  return result;
}

static int32_t list(lshost_replicator* self, int32_t kind, const char* generation, lshost_item_sink* sink,
                    lshost_error* err) {
  const chain* me = self->impl;
  stored* all = NULL;
  size_t count = 0;
  if (kind == LSHOST_ITEM_GENERATION) return list_generations(me, sink, err);
  if (kind != LSHOST_ITEM_SNAPSHOT && kind != LSHOST_ITEM_WAL) return LSHOST_E_UNSUPPORTED;
  int32_t result = look(me, generation, &all, &count, err);
  for (size_t i = 0; result == LSHOST_OK && i < count; ++i) {
    if (all[i].item.kind == kind) result = sink->item(sink, &all[i].item);
  }
  free(all);
  return result;
}

/* The stored thing that an item means; LSHOST_E_NOT_FOUND. */
static int32_t find(const chain* me, const lshost_item* item, stored* out, lshost_error* err) {
  stored* all = NULL;
  size_t count = 0;
  int32_t result = look(me, item->pos.generation, &all, &count, err);
  if (result != LSHOST_OK) return result;
  result = LSHOST_E_NOT_FOUND;
  for (size_t i = 0; i < count; ++i) {
    const stored* one = &all[i];
    if (one->item.kind != item->kind || one->item.pos.index != item->pos.index ||
        one->item.pos.offset != item->pos.offset)
      continue;
    *out = *one;
    result = LSHOST_OK;
  }
  free(all);
  errno = ENOENT;
  return result == LSHOST_OK ? result : fail(err, result, "find an item of", item->pos.generation);
}

static int32_t open_item(lshost_replicator* self, const lshost_item* item, lshost_reader** out, lshost_error* err) {
  const chain* me = self->impl;
  stored found;
  char path[1400];
  *out = NULL;
  const int32_t result = find(me, item, &found, err);
  if (result != LSHOST_OK) return result;
  (void)snprintf(path, sizeof path, "%s/%s/%s", me->path, item->pos.generation, found.name);
  file_reader* reader = calloc(1, sizeof *reader);
  if (reader == NULL) return LSHOST_E_NO_MEMORY;
  reader->file = open(path, O_RDONLY | O_CLOEXEC);
  if (reader->file < 0) {
    free(reader);
    return fail(err, errno == ENOENT ? LSHOST_E_NOT_FOUND : LSHOST_E_IO, "open", path);
  }
  reader->left = found.item.size;
  const lshost_reader base = {sizeof base, 0, reader, read_file, fd_of_file, close_file};
  reader->base = base;
  *out = &reader->base;
  return LSHOST_OK;
}

static int32_t commit_times(lshost_replicator* self, const lshost_item* item, lshost_time_sink* sink,
                            lshost_error* err) {
  stored found;
  const int32_t result = find(self->impl, item, &found, err);
  return result == LSHOST_OK ? sink->time(sink, found.end, found.item.created_ns) : result;
}

static int32_t remove_generation(const chain* me, const char* generation, lshost_error* err) {
  char folder[1100], path[1400];
  (void)snprintf(folder, sizeof folder, "%s/%s", me->path, generation);
  DIR* names = opendir(folder);
  if (names == NULL) return errno == ENOENT ? LSHOST_OK : fail(err, LSHOST_E_IO, "list", folder);
  for (const struct dirent* entry; (entry = readdir(names)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    (void)unlink(path);
  }
  closedir(names);
  return rmdir(folder) == 0 ? LSHOST_OK : fail(err, LSHOST_E_IO, "remove", folder);
}

static int32_t remove_items(lshost_replicator* self, const lshost_item* const* items, size_t n, lshost_error* err) {
  const chain* me = self->impl;
  int32_t result = LSHOST_OK;
  for (size_t i = 0; result == LSHOST_OK && i < n; ++i) {
    stored found;
    char path[1400];
    if (items[i]->kind == LSHOST_ITEM_GENERATION) {
      result = remove_generation(me, items[i]->pos.generation, err);
      continue;
    }
    result = find(me, items[i], &found, err);
    if (result == LSHOST_E_NOT_FOUND) {
      result = LSHOST_OK;
      continue;
    }
    (void)snprintf(path, sizeof path, "%s/%s/%s", me->path, items[i]->pos.generation, found.name);
    if (result == LSHOST_OK && unlink(path) != 0 && errno != ENOENT) result = fail(err, LSHOST_E_IO, "remove", path);
  }
  return result;
}

static int32_t probe(lshost_replicator* self, int64_t deadline_ms, lshost_error* err) {
  const chain* me = self->impl;
  char path[1100];
  (void)deadline_ms;
  (void)snprintf(path, sizeof path, "%s/.probe", me->path);
  if (mkdir(me->path, 0700) != 0 && errno != EEXIST) return fail(err, LSHOST_E_IO, "make", me->path);
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return fail(err, LSHOST_E_DENIED, "write", path);
  close(file);
  return unlink(path) == 0 ? LSHOST_OK : fail(err, LSHOST_E_IO, "remove", path);
}

static const lshost_restore restore_table = {sizeof restore_table, 0, list, open_item, commit_times};
static const lshost_retention retention_table = {sizeof retention_table, 0, remove_items};
static const lshost_health health_table = {sizeof health_table, 0, probe};

/* ---- the replicator ---- */

static const char* name_of(lshost_replicator* self) {
  const chain* me = self->impl;
  return me->host->info(me->ctx)->replica;
}

static const char* type_of(lshost_replicator* self) {
  (void)self;
  return CHAIN_TYPE;
}

static int32_t is_snapshotting(lshost_replicator* self) {
  const chain* me = self->impl;
  return me->snapshotting;
}

static int32_t start(lshost_replicator* self, lshost_error* err) {
  chain* me = self->impl;
  return me->host->spawn(me->ctx, CHAIN_TYPE, work, me, err);
}

static int32_t stop(lshost_replicator* self, int64_t deadline_ms, lshost_error* err) {
  (void)self;
  (void)deadline_ms;
  (void)err;
  return LSHOST_OK; /* every wait of the worker has returned */
}

static void destroy(lshost_replicator* self) { free(self->impl); }

static const void* extension(lshost_replicator* self, const char* id) {
  (void)self;
  if (strcmp(id, LSHOST_EXT_RESTORE) == 0) return &restore_table;
  if (strcmp(id, LSHOST_EXT_RETENTION) == 0) return &retention_table;
  if (strcmp(id, LSHOST_EXT_HEALTH) == 0) return &health_table;
  return NULL;
}

/* ---- the type and the module ---- */

static const lshost_config_key path_key = {sizeof path_key,
                                           LSHOST_CFG_STRING,
                                           LSHOST_KEY_REQUIRED | LSHOST_KEY_URL_PATH,
                                           0,
                                           "path",
                                           NULL,
                                           "folder to write to",
                                           NULL};
static const lshost_config_key* const all_keys[] = {&path_key};
static const lshost_config_schema schema = {sizeof schema, 1, all_keys};

static const void* type_extension(const lshost_type* self, const char* id) {
  (void)self;
  return strcmp(id, LSHOST_EXT_CONFIG_SCHEMA) == 0 ? &schema : NULL;
}

static int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, uint32_t flags,
                      lshost_replicator** out, lshost_error* err) {
  (void)self;
  (void)flags;
  lshost_value path = {.struct_size = sizeof path};
  *out = NULL;
  int32_t result = host->config_get(ctx, "path", -1, LSHOST_CFG_STRING, &path, err);
  if (result == LSHOST_OK) result = host->config_check(ctx, err);
  if (result != LSHOST_OK) return result;
  chain* me = calloc(1, sizeof *me);
  if (me == NULL) return LSHOST_E_NO_MEMORY;
  if (path.s_len >= sizeof me->path) {
    free(me);
    return LSHOST_E_CONFIG;
  }
  memcpy(me->path, path.s, path.s_len + 1);
  const lshost_replicator base = {sizeof base,     0,     me,   name_of, type_of,
                                  is_snapshotting, start, stop, destroy, extension};
  me->base = base;
  me->host = host;
  me->ctx = ctx;
  *out = &me->base;
  return LSHOST_OK;
}

static const lshost_type the_type = {sizeof the_type, 0, CHAIN_TYPE, "snapshots and runs of WAL in a folder", create,
                                     type_extension};
static const lshost_type* const all_types[] = {&the_type};
static const lshost_module the_module = {
    sizeof the_module, LSHOST_ABI_MINOR, "lshost-" CHAIN_TYPE, "1.0.0", "", "MIT", "", 0, 1, all_types};

LSHOST_DEFINE_META("lshost-" CHAIN_TYPE, "1.0.0", CHAIN_TYPE)

const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) {
  (void)host;
  (void)err;
  return &the_module;
}
