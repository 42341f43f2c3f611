/* lshost/ext/health.h - extension of a replicator: is the destination there, and may we write?
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_EXT_HEALTH_H
#define LSHOST_EXT_HEALTH_H

#include <lshost/abi.h>
#include <lshost/module.h>

#define LSHOST_EXT_HEALTH "lshost.health/1" /* from lshost_replicator.extension */

LSHOST_BEGIN_C

/* The table behind LSHOST_EXT_HEALTH. */
typedef struct lshost_health {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  /* [any] Reaches the destination, proves the credentials, writes and removes a probe, and leaves nothing behind.
   * Returns within deadline_ms. */
  LSHOST_FN(int32_t, probe, lshost_replicator* self, int64_t deadline_ms, lshost_error* err);
} lshost_health;

LSHOST_END_C
#endif
