/* The destination "shelf" in plain C: a folder of objects. Put, get, list and remove are all there is to write; the
 * host's engine has the loop, resume, snapshots, retention, restore, compression and encryption. */

#include <lshost/plugin.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

typedef struct plugin {
  lshost_store base;
  folder files;
} plugin;

/* ---- the store ---- */

static folder* files_of(lshost_store* self) { return &((plugin*)self->impl)->files; }

static int32_t put(lshost_store* self, const char* key, lshost_reader* body, uint64_t size, lshost_error* err) {
  return folder_put(files_of(self), key, body, size, err);
}

static int32_t get(lshost_store* self, const char* key, uint64_t offset, uint64_t length, lshost_reader** out,
                   lshost_error* err) {
  return folder_get(files_of(self), key, offset, length, out, err);
}

static int32_t give(void* sink, const char* key, uint64_t size) {
  lshost_blob_sink* to = sink;
  const lshost_blob blob = {sizeof blob, 0, key, size, 0};
  return to->item(to, &blob);
}

static int32_t list(lshost_store* self, const char* prefix, lshost_blob_sink* sink, lshost_error* err) {
  return folder_list(files_of(self), prefix, give, sink, err);
}

static int32_t remove_keys(lshost_store* self, const char* const* keys, size_t n, lshost_error* err) {
  int32_t result = LSHOST_OK;
  for (size_t i = 0; i < n && result == LSHOST_OK; ++i) result = folder_remove(files_of(self), keys[i], err);
  return result;
}

static void destroy(lshost_store* self) { free(self->impl); }

/* ---- the type ---- */

static int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, uint32_t flags,
                      lshost_replicator** out, lshost_error* err) {
  (void)flags;
  *out = NULL;
  const lshost_engine* engine = host->extension(ctx, LSHOST_HOST_ENGINE);
  if (engine == NULL)
    return fail(err, LSHOST_E_UNSUPPORTED, LSHOST_ERR_OPERATOR, "this lshost has no engine for stores");
  plugin* me = calloc(1, sizeof *me);
  if (me == NULL) return fail(err, LSHOST_E_NO_MEMORY, LSHOST_ERR_RETRYABLE, "out of memory");
  const int32_t result = folder_init(&me->files, host, ctx, err);
  if (result != LSHOST_OK) {
    free(me);
    return result;
  }
  /* No put_new: this store does not tell old objects from new ones. */
  const lshost_store base = {sizeof base, 0, me, put, NULL, get, list, remove_keys, destroy};
  me->base = base;
  return engine->create(ctx, self->type, &me->base, out, err); /* takes the store over, also where it fails */
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

static const void* extension(const lshost_type* self, const char* id) {
  (void)self;
  return strcmp(id, LSHOST_EXT_CONFIG_SCHEMA) == 0 ? &schema : NULL;
}

static const lshost_type type = {sizeof type, LSHOST_TYPE_STORE, "shelf", "a folder of objects", create, extension};
static const lshost_type* const types[] = {&type};
static const lshost_module module = {sizeof module, LSHOST_ABI_MINOR, "lshost-shelf", "1.0.0", "", "", "", 0, 1, types};

LSHOST_DEFINE_META("lshost-shelf", "1.0.0", "shelf")

const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) {
  (void)host;
  (void)err;
  return &module;
}
