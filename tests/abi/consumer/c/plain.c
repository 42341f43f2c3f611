/* No more than it takes to be a plugin in C: it does nothing. */

#include <lshost/plugin.h>
#include <stdlib.h>

static const char* get_text(lshost_replicator* self) {
  (void)self;
  return "plain";
}

static int32_t is_snapshotting(lshost_replicator* self) {
  (void)self;
  return 0;
}

static int32_t start(lshost_replicator* self, lshost_error* err) {
  (void)self;
  (void)err;
  return LSHOST_OK;
}

static int32_t stop(lshost_replicator* self, int64_t deadline_ms, lshost_error* err) {
  (void)self;
  (void)deadline_ms;
  (void)err;
  return LSHOST_OK;
}

static void destroy(lshost_replicator* self) { free(self); }

static int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, uint32_t flags,
                      lshost_replicator** out, lshost_error* err) {
  (void)self;
  (void)flags;
  *out = NULL;
  const int32_t result = host->config_check(ctx, err);
  if (result != LSHOST_OK) return result;
  lshost_replicator* made = calloc(1, sizeof *made);
  if (made == NULL) return LSHOST_E_NO_MEMORY;
  made->struct_size = sizeof *made;
  made->name = get_text;
  made->type = get_text;
  made->snapshotting = is_snapshotting;
  made->start = start;
  made->stop = stop;
  made->destroy = destroy;
  *out = made;
  return LSHOST_OK;
}

static const lshost_type the_type = {
    .struct_size = sizeof the_type, .type = "plain", .summary = "does nothing", .create = create};
static const lshost_type* const all_types[] = {&the_type};
static const lshost_module the_module = {.struct_size = sizeof the_module,
                                         .abi_minor = LSHOST_ABI_MINOR,
                                         .name = "lshost-plain",
                                         .version = "0.0.1",
                                         .type_count = 1,
                                         .types = all_types};

LSHOST_DEFINE_META("lshost-plain", "0.0.1", "plain")

const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) {
  (void)host;
  (void)err;
  return &the_module;
}
