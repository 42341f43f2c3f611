/* Plugins that are wrong, each in one way: built several times, with one ODD_ switch each. ODD_TYPE is the type.
 * Besides, two that are right and look odd: structs shorter and longer than the host's. */

#include <lshost/plugin.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(ODD_OTHER_TYPE)
#define META_TYPES "something-else"
#else
#define META_TYPES ODD_TYPE
#endif

#if defined(ODD_ABI_2) || defined(ODD_OTHER_MAGIC)
__attribute__((section(LSHOST_META_SECTION), used)) const lshost_meta lshost_plugin_meta = {
#if defined(ODD_OTHER_MAGIC)
    "SOMETHING-ELSE", sizeof(lshost_meta), 1, 0, "lshost-" ODD_TYPE, "1.0.0", META_TYPES, "c"};
#else
    LSHOST_META_MAGIC, sizeof(lshost_meta), 2, 0, "lshost-" ODD_TYPE, "1.0.0", META_TYPES, "c"};
#endif
#elif !defined(ODD_NO_META)
LSHOST_DEFINE_META("lshost-" ODD_TYPE, "1.0.0", META_TYPES)
#endif

#if defined(ODD_UNDEFINED)
extern int lshost_test_function_that_nobody_has(void);
#endif

/* Structs with more behind them than this host knows: of a later minor version. */
typedef struct long_replicator {
  lshost_replicator base;
  uint64_t later[8];
} long_replicator;

static const char* get_text(lshost_replicator* self) {
  (void)self;
  return ODD_TYPE;
}

static int32_t is_snapshotting(lshost_replicator* self) {
  (void)self;
  return 0;
}

static int32_t start(lshost_replicator* self, lshost_error* err) {
  (void)self;
  (void)err;
#if defined(ODD_UNDEFINED)
  return lshost_test_function_that_nobody_has();
#else
  return LSHOST_OK;
#endif
}

static int32_t stop(lshost_replicator* self, int64_t deadline_ms, lshost_error* err) {
  (void)self;
  (void)deadline_ms;
  (void)err;
  return LSHOST_OK;
}

static void destroy(lshost_replicator* self) { free(self); }

/* Lists one snapshot; with structs that are longer than the host's, so is the item. */
static int32_t list_items(lshost_replicator* self, int32_t kind, const char* generation, lshost_item_sink* sink,
                          lshost_error* err) {
  struct {
    lshost_item item;
    uint64_t later[8];
  } all;
  (void)self;
  (void)generation;
  (void)err;
  memset(&all, 0xA5, sizeof all);
#if defined(ODD_SHORT_STRUCTS)
  all.item.struct_size = offsetof(lshost_item, created_ns);
#elif defined(ODD_LONG_STRUCTS)
  all.item.struct_size = sizeof all;
#else
  all.item.struct_size = sizeof all.item;
#endif
  all.item.kind = kind;
  memset(&all.item.pos, 0, sizeof all.item.pos);
  memcpy(all.item.pos.generation, "0123456789abcdef", 16);
  all.item.size = 4096;
#if defined(ODD_LONG_STRUCTS)
  all.item.created_ns = 11;
  all.item.updated_ns = 12;
  all.item.flags = LSHOST_ITEM_INDEX_COMPLETE;
#endif
  return sink->item(sink, &all.item);
}

static int32_t open_item(lshost_replicator* self, const lshost_item* item, lshost_reader** out, lshost_error* err) {
  (void)self;
  (void)item;
  (void)out;
  (void)err;
  return LSHOST_E_NOT_FOUND; /* without a sentence */
}

#if defined(ODD_SHORT_STRUCTS)
static const lshost_restore restore = {offsetof(lshost_restore, commit_times), 0, list_items, open_item, NULL};
#else
static const lshost_restore restore = {sizeof restore, 0, list_items, open_item, NULL};
#endif

static const void* get_extension(lshost_replicator* self, const char* id) {
  (void)self;
  return strcmp(id, LSHOST_EXT_RESTORE) == 0 ? &restore : NULL;
}

__attribute__((unused)) static int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx,
                                              uint32_t flags, lshost_replicator** out, lshost_error* err) {
  long_replicator* made = malloc(sizeof *made);
  (void)self;
  (void)host;
  (void)ctx;
  (void)flags;
  (void)err;
  if (made == NULL) return LSHOST_E_NO_MEMORY;
  memset(made, 0xA5, sizeof *made);
#if defined(ODD_LONG_STRUCTS)
  made->base.struct_size = sizeof *made;
#else
  made->base.struct_size = sizeof made->base;
#endif
  made->base.flags = 0;
  made->base.impl = made;
  made->base.name = get_text;
  made->base.type = get_text;
  made->base.snapshotting = is_snapshotting;
  made->base.start = start;
  made->base.stop = stop;
  made->base.destroy = destroy;
  made->base.extension = get_extension;
#if defined(ODD_HALF)
  made->base.start = NULL;
#endif
  *out = &made->base;
  return LSHOST_OK;
}

#if defined(ODD_BAD_SCHEMA)
static const lshost_config_key bad_key = {sizeof bad_key, 99, 0, 0, "path", NULL, NULL, NULL};
static const lshost_config_key* const bad_keys[] = {&bad_key};
static const lshost_config_schema bad_schema = {sizeof bad_schema, 1, bad_keys};
static const void* type_extension(const lshost_type* self, const char* id) {
  (void)self;
  return strcmp(id, LSHOST_EXT_CONFIG_SCHEMA) == 0 ? &bad_schema : NULL;
}
#define TYPE_EXTENSION type_extension
#else
#define TYPE_EXTENSION NULL
#endif

#if defined(ODD_LIAR)
#define MODULE_TYPE "another"
#else
#define MODULE_TYPE ODD_TYPE
#endif

#if defined(ODD_NO_CREATE)
#define CREATE NULL
#else
#define CREATE create
#endif

#if defined(ODD_SHORT_STRUCTS)
/* As if `extension` had come with a later minor version; what lies there is not to be touched. */
#define TYPE_SIZE offsetof(lshost_type, extension)
#undef TYPE_EXTENSION
#define TYPE_EXTENSION ((const void* (*)(const lshost_type*, const char*))(uintptr_t)0xA5A5)
#else
#define TYPE_SIZE sizeof(lshost_type)
#endif

#if defined(ODD_NEEDS_NEWER)
#define MIN_HOST_MINOR 7
#else
#define MIN_HOST_MINOR 0
#endif

static const lshost_type the_type = {TYPE_SIZE, 0, MODULE_TYPE, "odd", CREATE, TYPE_EXTENSION};
static const lshost_type* const all_types[] = {NULL, &the_type};

static const struct {
  lshost_module base;
  uint64_t later[8];
} the_module = {{
#if defined(ODD_LONG_STRUCTS)
                    sizeof the_module,
#else
                    sizeof(lshost_module),
#endif
                    LSHOST_ABI_MINOR, "lshost-" ODD_TYPE, "1.0.0", NULL, NULL, NULL, MIN_HOST_MINOR, 2, all_types},
                {0xA5A5A5A5}};

#if defined(ODD_NO_ENTRY)
const void* lshost_unused(void);
const void* lshost_unused(void) { return &the_module; }
#else
const lshost_module* lshost_plugin_v1(const lshost_host_info* host, lshost_error* err) {
  (void)host;
#if defined(ODD_NULL_ENTRY)
  static const char reason[] = "the moon is in the wrong phase";
  err->code = LSHOST_E_UNSUPPORTED;
  memcpy(err->message, reason, sizeof reason);
#elif !defined(ODD_SILENT_ENTRY)
  err = NULL; /* whatever the host says */
#endif
  return err == NULL ? &the_module.base : NULL;
}
#endif
