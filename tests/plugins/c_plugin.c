/* A complete replicator in plain C: reads everything the database commits, and keeps nothing.
 * It shows what the C ABI asks of an author who has no C++. */

#include <lshost/plugin.h>
#include <stdlib.h>
#include <string.h>

typedef struct instance {
  lshost_replicator base;
  const lshost_host* host;
  lshost_ctx* ctx;
} instance;

static const char* get_name(lshost_replicator* self) {
  const instance* me = self->impl;
  return me->host->info(me->ctx)->replica;
}

static const char* get_type(lshost_replicator* self) {
  (void)self;
  return "plain-c";
}

static int32_t is_snapshotting(lshost_replicator* self) {
  (void)self;
  return 0;
}

/* Reads a stream to its end. */
static int32_t drain(lshost_reader* reader) {
  char buffer[4096];
  size_t n = 0;
  int32_t result = LSHOST_OK;
  do {
    result = reader->read(reader, buffer, sizeof buffer, &n, NULL);
  } while (result == LSHOST_OK && n > 0);
  reader->close(reader);
  return result;
}

/* Takes all there is after *position, and says so. */
static void take_all(const instance* me, lshost_pos* position) {
  for (;;) {
    lshost_wal_info info = {0};
    lshost_reader* reader = NULL;
    info.struct_size = sizeof info;
    if (me->host->wal_open(me->ctx, position, &info, &reader, NULL) != LSHOST_OK) return;
    if (drain(reader) != LSHOST_OK) return;
    *position = info.end;
    me->host->report_pos(me->ctx, position);
  }
}

static void run(void* arg) {
  const instance* me = arg;
  lshost_pos position;
  memset(&position, 0, sizeof position);
  do {
    lshost_db_status status = {0};
    status.struct_size = sizeof status;
    if (me->host->status(me->ctx, &status, NULL) != LSHOST_OK) continue;
    if (strcmp(position.generation, status.tip.generation) != 0) position = status.oldest;
    take_all(me, &position);
  } while (me->host->wait(me->ctx, &position, -1) != LSHOST_CANCELLED);
}

static int32_t start(lshost_replicator* self, lshost_error* err) {
  instance* me = self->impl;
  return me->host->spawn(me->ctx, "plain-c", run, me, err);
}

static int32_t stop(lshost_replicator* self, int64_t deadline_ms, lshost_error* err) {
  (void)self;
  (void)deadline_ms;
  (void)err;
  return LSHOST_OK;
}

static void destroy(lshost_replicator* self) { free(self->impl); }

static const void* get_extension(lshost_replicator* self, const char* id) {
  (void)self;
  (void)id;
  return NULL;
}

static int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, uint32_t flags,
                      lshost_replicator** out, lshost_error* err) {
  (void)self;
  (void)flags;
  const int32_t result = host->config_check(ctx, err);
  if (result != LSHOST_OK) return result;
  instance* me = calloc(1, sizeof *me);
  if (me == NULL) return LSHOST_E_NO_MEMORY;
  const lshost_replicator base = {sizeof base,     0,     me,   get_name, get_type,
                                  is_snapshotting, start, stop, destroy,  get_extension};
  me->base = base;
  me->host = host;
  me->ctx = ctx;
  *out = &me->base;
  return LSHOST_OK;
}

static const lshost_type the_type = {sizeof the_type, 0, "plain-c", "reads and drops", create, NULL};
static const lshost_type* const all_types[] = {&the_type};
static const lshost_module the_module = {
    sizeof the_module, LSHOST_ABI_MINOR, "lshost-plain-c", "1.2.3", "", "MIT", "", 0, 1, all_types};

LSHOST_DEFINE_META("lshost-plain-c", "1.2.3", "plain-c")

const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) {
  (void)host;
  (void)err;
  return &the_module;
}
