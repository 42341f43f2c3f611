/* A replicator that reads everything and keeps nothing, and looks on the way whether the host keeps the promises that
 * the ABI makes to plugins of another minor version. What it finds broken fails create, or becomes the state FAILED.
 *
 *   SKEW_NEWER  built from the headers of a later minor version: every struct longer, and it asks for what came later
 *   otherwise   says that its structs end early, as if the rest had come later, with bytes behind them that are not to
 *               be touched */

#include <lshost/plugin.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY 0xA5

#if defined(SKEW_NEWER)
#define SIZE_UP_TO(type, member) sizeof(type)
#define KNOWN_END(type, member) offsetof(type, later_number)
#else
#define SIZE_UP_TO(type, member) offsetof(type, member)
#define KNOWN_END(type, member) offsetof(type, member)
#endif

/* A struct for the host to fill: canaries where this host must not write. `first_unknown` is the first member that an
 * old plugin does not have. */
#define PREPARE(out, type, first_unknown)                                                                          \
  do {                                                                                                             \
    memset(out, 0, KNOWN_END(type, first_unknown));                                                                \
    memset((char*)(out) + KNOWN_END(type, first_unknown), CANARY, sizeof *(out) - KNOWN_END(type, first_unknown)); \
    (out)->struct_size = SIZE_UP_TO(type, first_unknown);                                                          \
  } while (0)
#define IS_UNTOUCHED(out, type, first_unknown)              \
  ((out)->struct_size == SIZE_UP_TO(type, first_unknown) && \
   only_canaries((const char*)(out) + KNOWN_END(type, first_unknown), (const char*)((out) + 1)))

static int only_canaries(const char* at, const char* end) {
  for (; at < end; ++at) {
    if ((unsigned char)*at != CANARY) return 0;
  }
  return 1;
}

typedef struct instance {
  lshost_replicator base;
  const lshost_host* host;
  lshost_ctx* ctx;
} instance;

/* Says which promise is broken. An old plugin has room for a short sentence only. */
static int32_t broken(lshost_error* err, const char* what) {
  if (err != NULL) {
    err->code = LSHOST_E_INTERNAL;
    (void)snprintf(err->message, sizeof err->message, "the host broke a promise of the ABI: %s", what);
  }
  return LSHOST_E_INTERNAL;
}
#define PROMISED(condition) \
  if (!(condition)) return broken(err, #condition)

/* ---- what the host fills ---- */

static int32_t check_configuration(const lshost_host* host, lshost_ctx* ctx, lshost_error* err) {
  lshost_value value;
  lshost_error own;
  PREPARE(&value, lshost_value, f);
  PREPARE(&own, lshost_error, message[64]);
  PROMISED(host->config_get(ctx, "number", -1, LSHOST_CFG_INT, &value, &own) == LSHOST_OK);
  PROMISED(value.i == 42);
  PROMISED(IS_UNTOUCHED(&value, lshost_value, f));
  PROMISED(own.message[0] == '\0'); /* nothing failed */

  /* The sentence of a failure is cut where the plugin's struct ends, and ends in NUL there. */
  PROMISED(host->config_get(ctx, "number", -1, LSHOST_CFG_STRING, &value, &own) == LSHOST_E_CONFIG);
  PROMISED(own.code == LSHOST_E_CONFIG);
#if defined(SKEW_NEWER)
  PROMISED(strstr(own.message, "must be a string in quotes") != NULL);
#else
  PROMISED(strlen(own.message) == 63);
#endif
  PROMISED(IS_UNTOUCHED(&own, lshost_error, message[64]));

  PROMISED(host->config_get(ctx, "number", -1, 99, &value, NULL) == LSHOST_E_UNSUPPORTED);
  return LSHOST_OK;
}

static int32_t check_host(const lshost_host* host, lshost_ctx* ctx, lshost_error* err) {
#if defined(SKEW_NEWER)
  const lshost_replica_info* info = host->info(ctx);
  const lshost_engine* engine = host->extension(ctx, LSHOST_HOST_ENGINE);
  PROMISED(host->abi_minor < LSHOST_ABI_MINOR);
  PROMISED(!LSHOST_HAS(host, later_function));
  PROMISED(LSHOST_HAS(host, extension));
  PROMISED(!LSHOST_HAS(info, later_text));
  PROMISED(LSHOST_HAS(info, replica));
  PROMISED(engine != NULL && LSHOST_HAS(engine, create) && !LSHOST_HAS(engine, later_function));
#endif
  PROMISED(host->extension(ctx, "lshost.host.engine/2") == NULL);
  PROMISED(host->extension(ctx, "lshost.host.later/1") == NULL);
  PROMISED(host->extension(ctx, NULL) == NULL);
  return LSHOST_OK;
}

/* Takes all there is after *position, and says so. */
static int32_t take_all(const instance* me, lshost_pos* position, lshost_error* err) {
  for (;;) {
    lshost_wal_info info;
    lshost_reader* reader = NULL;
    char buffer[4096];
    size_t n = 0;
    uint64_t size = 0;
    PREPARE(&info, lshost_wal_info, commit_ns);
    const int32_t opened = me->host->wal_open(me->ctx, position, &info, &reader, err);
    if (opened != LSHOST_OK) return opened;
    PROMISED(IS_UNTOUCHED(&info, lshost_wal_info, commit_ns));
    PROMISED(LSHOST_HAS(reader, read) && LSHOST_HAS(reader, close));
#if defined(SKEW_NEWER)
    PROMISED(!LSHOST_HAS(reader, later_function));
#endif
    int32_t result = LSHOST_OK;
    while ((result = reader->read(reader, buffer, sizeof buffer, &n, err)) == LSHOST_OK && n > 0) size += n;
    reader->close(reader);
    if (result != LSHOST_OK) return result;
    PROMISED(size == info.end.offset - info.start.offset);
    *position = info.end;
    me->host->report_pos(me->ctx, position);
  }
}

static int32_t look_at_snapshot(const instance* me, lshost_error* err) {
  lshost_snapshot_info info;
  lshost_reader* reader = NULL;
  PROMISED(me->host->snapshot_open(me->ctx, 1u << 31, &info, &reader, NULL) == LSHOST_E_UNSUPPORTED);
  PREPARE(&info, lshost_snapshot_info, size);
  const int32_t result = me->host->snapshot_open(me->ctx, 0, &info, &reader, err);
  if (result != LSHOST_OK) return result;
  reader->close(reader);
  PROMISED(IS_UNTOUCHED(&info, lshost_snapshot_info, size));
  return LSHOST_OK;
}

static void say_what_nobody_knows(const instance* me) {
  const lshost_kv pair = {"key", NULL};
  me->host->report_state(me->ctx, 99, "a state of a later minor version");
  me->host->metric(me->ctx, "later_seconds", 99, 1);
  me->host->log(me->ctx, 99, "a level of a later minor version", &pair, 1);
}

static int32_t work_once(const instance* me, lshost_pos* position, lshost_error* err) {
  lshost_db_status status;
  PREPARE(&status, lshost_db_status, tip);
  const int32_t result = me->host->status(me->ctx, &status, err);
  if (result != LSHOST_OK) return result;
  PROMISED(IS_UNTOUCHED(&status, lshost_db_status, tip));
  if (strcmp(position->generation, status.oldest.generation) != 0) {
    const int32_t looked = look_at_snapshot(me, err);
    if (looked != LSHOST_OK) return looked;
    say_what_nobody_knows(me);
    *position = status.oldest;
    me->host->report_pos(me->ctx, position);
  }
  return take_all(me, position, err);
}

static void work(void* arg) {
  const instance* me = arg;
  lshost_pos position;
  memset(&position, 0, sizeof position);
  do {
    lshost_error err;
    memset(&err, 0, sizeof err);
    err.struct_size = sizeof err;
    if (work_once(me, &position, &err) < 0) {
      me->host->report_error(me->ctx, &err);
      me->host->report_state(me->ctx, LSHOST_STATE_FAILED, err.message);
      return;
    }
  } while (me->host->wait(me->ctx, &position, -1) != LSHOST_CANCELLED);
}

/* ---- the replicator ---- */

static const char* get_name(lshost_replicator* self) {
  const instance* me = self->impl;
  return me->host->info(me->ctx)->replica;
}

static const char* get_type(lshost_replicator* self) {
  (void)self;
  return SKEW_TYPE;
}

static int32_t is_snapshotting(lshost_replicator* self) {
  (void)self;
  return 0;
}

static int32_t start(lshost_replicator* self, lshost_error* err) {
  instance* me = self->impl;
  return me->host->spawn(me->ctx, SKEW_TYPE, work, me, err);
}

static int32_t stop(lshost_replicator* self, int64_t deadline_ms, lshost_error* err) {
  (void)self;
  (void)deadline_ms;
  (void)err;
  return LSHOST_OK;
}

static void destroy(lshost_replicator* self) { free(self->impl); }

#if defined(SKEW_NEWER)
static const void* get_extension(lshost_replicator* self, const char* id) {
  (void)self;
  (void)id;
  return NULL;
}
#define EXTENSION get_extension
#else
/* Behind the end of an old plugin's struct: a crash if the host calls it. */
#define EXTENSION ((const void* (*)(lshost_replicator*, const char*))(uintptr_t)0xA5A5)
#endif

static int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, uint32_t flags,
                      lshost_replicator** out, lshost_error* err) {
  (void)self;
  (void)flags;
  *out = NULL;
  int32_t result = check_host(host, ctx, err);
  if (result == LSHOST_OK) result = check_configuration(host, ctx, err);
  if (result != LSHOST_OK) return result;
  result = host->config_check(ctx, err);
  if (result != LSHOST_OK) return result;
  instance* me = malloc(sizeof *me);
  if (me == NULL) return LSHOST_E_NO_MEMORY;
  memset(me, CANARY, sizeof *me);
  me->base.struct_size = SIZE_UP_TO(lshost_replicator, extension);
  me->base.flags = 1u << 31; /* a flag that nobody knows */
  me->base.impl = me;
  me->base.name = get_name;
  me->base.type = get_type;
  me->base.snapshotting = is_snapshotting;
  me->base.start = start;
  me->base.stop = stop;
  me->base.destroy = destroy;
  me->base.extension = EXTENSION;
  me->host = host;
  me->ctx = ctx;
  *out = &me->base;
  return LSHOST_OK;
}

static const lshost_type the_type = {
    .struct_size = SIZE_UP_TO(lshost_type, extension),
    .type = SKEW_TYPE,
    .summary = "looks whether the host keeps its promises",
    .create = create,
#if !defined(SKEW_NEWER)
    .extension = (const void* (*)(const lshost_type*, const char*))(uintptr_t)0xA5A5,
#endif
};
static const lshost_type* const all_types[] = {&the_type};
static const lshost_module the_module = {.struct_size = sizeof the_module,
                                         .abi_minor = LSHOST_ABI_MINOR,
                                         .name = "lshost-" SKEW_TYPE,
                                         .version = "1.0.0",
                                         .type_count = 1,
                                         .types = all_types};

LSHOST_DEFINE_META("lshost-" SKEW_TYPE, "1.0.0", SKEW_TYPE)

const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) {
#if defined(SKEW_NEWER)
  if (host->abi_minor >= LSHOST_ABI_MINOR || LSHOST_HAS(host, later_text)) {
    (void)broken(err, "the host says that it is of a later minor version");
    return NULL;
  }
#else
  (void)host;
  (void)err;
#endif
  return &the_module;
}
