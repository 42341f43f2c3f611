/* lshost/ext/config_schema.h - extension of a type: the keys it knows, so that the host can check a configuration with
 * file, line and column before anything starts, document the keys, and keep secrets out of logs.
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_EXT_CONFIG_SCHEMA_H
#define LSHOST_EXT_CONFIG_SCHEMA_H

#include <lshost/abi.h>

#define LSHOST_EXT_CONFIG_SCHEMA "lshost.config-schema/1" /* from lshost_type.extension */

LSHOST_BEGIN_C

/* lshost_config_key.flags */
enum {
  LSHOST_KEY_REQUIRED = 1,
  LSHOST_KEY_SECRET = 2, /* never printed */
  LSHOST_KEY_LIST = 4,   /* an array of `type`; one value alone is an array of one */
  LSHOST_KEY_DEPRECATED = 8,
  /* Which part of a replica's URL, type://user@host:port/path?key=value, is the value of this key: `lshost restore` and
   * the listings take such URLs in place of a configuration. Values are given percent-decoded, the host with its port,
   * the path with its first '/'. All other keys may stand behind the '?'. A type without any of these has no URLs. */
  LSHOST_KEY_URL_USER = 16,
  LSHOST_KEY_URL_HOST = 32,
  LSHOST_KEY_URL_PATH = 64
};

/* A key of the configuration. */
typedef struct lshost_config_key {
  uint32_t struct_size;
  int32_t type;              /* LSHOST_CFG_* (host.h) */
  uint32_t flags;            /* LSHOST_KEY_* */
  uint32_t reserved;         /* 0 */
  const char* key;           /* kebab-case */
  const char* default_value; /* as written in a configuration, NULL: none */
  const char* help;          /* one line */
  const char* choices;       /* "a|b|c" or NULL */
} lshost_config_key;

/* Static. The host's own keys of a replica (type, name, snapshot-interval, retention, ...) do not belong here. */
typedef struct lshost_config_schema {
  uint32_t struct_size;
  uint32_t count;                       /* of keys */
  const lshost_config_key* const* keys; /* each once, in the order in which people read them */
} lshost_config_schema;

LSHOST_END_C
#endif
