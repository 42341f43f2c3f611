/* lshost/meta.h - a plugin's identity, readable without loading it.
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_META_H
#define LSHOST_META_H

#include <lshost/abi.h>

/* The ELF section that holds exactly one lshost_meta, without relocations, so that the host can read it from the file
 * before any code of the plugin runs. */
#define LSHOST_META_SECTION "lshost_meta"
/* How an identity begins. */
#define LSHOST_META_MAGIC "LSHOST-PLUGIN-1"

LSHOST_BEGIN_C

/* Texts end in NUL. */
typedef struct lshost_meta {
  char magic[16]; /* LSHOST_META_MAGIC */
  uint32_t struct_size;
  uint16_t abi_major; /* LSHOST_ABI_MAJOR it was built with */
  uint16_t abi_minor; /* LSHOST_ABI_MINOR it was built with */
  char name[32];      /* "lshost-file", as in lshost_module */
  char version[32];   /* of the plugin */
  char types[128];    /* as in the configuration, separated by commas */
  char sdk[32];       /* what it was made with, for people */
} lshost_meta;

/* Every library exports its identity under this name. */
extern LSHOST_EXPORT const lshost_meta lshost_plugin_meta;

/* In C, once per library, without a semicolon behind it:
 *   LSHOST_DEFINE_META("lshost-foo", "1.0.0", "foo")  */
#ifndef __cplusplus
#define LSHOST_DEFINE_META(NAME, VERSION, TYPES)                                               \
  __attribute__((section(LSHOST_META_SECTION), used)) const lshost_meta lshost_plugin_meta = { \
      LSHOST_META_MAGIC, sizeof(lshost_meta), LSHOST_ABI_MAJOR, LSHOST_ABI_MINOR, NAME, VERSION, TYPES, "c 1.0"};
#endif

LSHOST_END_C
#endif
