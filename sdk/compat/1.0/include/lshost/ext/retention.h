/* lshost/ext/retention.h - extension of a replicator: remove what the host's policy lets go.
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_EXT_RETENTION_H
#define LSHOST_EXT_RETENTION_H

#include <lshost/ext/restore.h>

#define LSHOST_EXT_RETENTION "lshost.retention/1" /* from lshost_replicator.extension */

LSHOST_BEGIN_C

/* The table behind LSHOST_EXT_RETENTION. */
typedef struct lshost_retention {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  /* [any] Removes items as listed by lshost_restore.list, in the order given. A missing one is no error. A GENERATION
   * item removes all that is left of it. The host decides what may go; the plugin only removes. */
  LSHOST_FN(int32_t, remove, lshost_replicator* self, const lshost_item* const* items, size_t n, lshost_error* err);
} lshost_retention;

LSHOST_END_C
#endif
