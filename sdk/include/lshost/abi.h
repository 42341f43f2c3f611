/* lshost/abi.h - the words that every other header uses: versions, results, errors, positions, byte streams.
 * SPDX-License-Identifier: MIT. The rules stand in plugin.h. */
#ifndef LSHOST_ABI_H
#define LSHOST_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
/* No exception crosses the ABI. */
#define LSHOST_NOEXCEPT noexcept
/* Around declarations that are C in both languages. */
#define LSHOST_BEGIN_C extern "C" {
/* Its other end. */
#define LSHOST_END_C }
#else
#define LSHOST_NOEXCEPT
#define LSHOST_BEGIN_C
#define LSHOST_END_C
#endif

/* Visible outside of the library, whatever its other symbols are. */
#define LSHOST_EXPORT __attribute__((visibility("default")))

/* A host loads plugins of its own major only. */
#define LSHOST_ABI_MAJOR 1u
/* Grows with what is appended. */
#define LSHOST_ABI_MINOR 0u

/* A function pointer member: LSHOST_FN(result, name, parameters...). */
#define LSHOST_FN(ret, name, ...) ret (*name)(__VA_ARGS__) LSHOST_NOEXCEPT

/* True if the struct that `p` points at is long enough to have member `m`, a pointer or a number, and it is set (not
 * NULL, not 0). */
#ifdef __cplusplus
#define LSHOST_HAS(p, m)                                                                                              \
  (static_cast<size_t>(reinterpret_cast<const char*>(&(p)->m) - reinterpret_cast<const char*>(p)) + sizeof((p)->m) <= \
       (p)->struct_size &&                                                                                            \
   (p)->m)
#else
#define LSHOST_HAS(p, m) \
  ((size_t)((const char*)&(p)->m - (const char*)(p)) + sizeof((p)->m) <= (p)->struct_size && (p)->m)
#endif

LSHOST_BEGIN_C

/* Results. 0: done. Positive: an expected outcome, no lshost_error is filled. Negative: a failure, lshost_error is.
 * A negative one that you do not know came with a later minor: treat it as LSHOST_E_INTERNAL. A function never gains a
 * positive one. */
enum {
  LSHOST_OK = 0,
  LSHOST_END = 1,       /* nothing (more) there now; not a failure */
  LSHOST_TIMEOUT = 2,   /* the time given is over */
  LSHOST_CANCELLED = 3, /* the host asked to stop; unwind and return it */
  LSHOST_GONE = 4,      /* that position does not exist any more: take a snapshot of the current generation */

  LSHOST_E_INTERNAL = -1,
  LSHOST_E_INVALID = -2, /* the call makes no sense */
  LSHOST_E_CONFIG = -3,  /* the configuration does */
  LSHOST_E_NOT_FOUND = -4,
  LSHOST_E_DENIED = -5,      /* permissions, credentials */
  LSHOST_E_UNAVAILABLE = -6, /* the destination can not be reached or does not answer */
  LSHOST_E_IO = -7,
  LSHOST_E_NO_SPACE = -8,
  LSHOST_E_CORRUPT = -9, /* bytes that are not what they must be */
  LSHOST_E_UNSUPPORTED = -10,
  LSHOST_E_NO_MEMORY = -11,
  LSHOST_E_EXISTS = -12 /* it is there already, and was not to be replaced */
};

/* lshost_error.flags */
enum {
  LSHOST_ERR_RETRYABLE = 1, /* the same call may succeed later */
  LSHOST_ERR_OPERATOR = 2   /* a person has to act: credentials, configuration, quota */
};

/* What went wrong, in one sentence: lowercase, no full stop, what failed first and then why, no secrets.
 * Owned by the caller, who sets struct_size and zeroes the rest; filled by the callee on a negative result, and left
 * alone otherwise. Every parameter of this type may be NULL. */
typedef struct lshost_error {
  uint32_t struct_size;
  int32_t code;            /* the result */
  uint32_t flags;          /* LSHOST_ERR_* */
  uint32_t retry_after_ms; /* 0: the destination did not say */
  char message[1008];      /* ends in NUL, cut if longer */
} lshost_error;

/* A place in the history of a database: the first byte that is not covered. FINAL, 64 bytes.
 * generation: "" is none; one history without gaps; 16 lowercase hex digits today, at most 31 bytes ever.
 * index:      which WAL of the generation, from 0; +1 each time SQLite restarts the log.
 * offset:     bytes in that WAL; 0, or behind a whole frame.
 * Ordered by (index, offset) inside one generation; generations have no order. */
typedef struct lshost_pos {
  char generation[32];  /* ends in NUL, and is filled up with them */
  uint64_t index;       /* of the WAL in its generation */
  uint64_t offset;      /* bytes in that WAL */
  uint64_t reserved[2]; /* 0 */
} lshost_pos;

/* A stream of bytes. Who made it implements it; who got it calls close exactly once. All calls come one at a time, from
 * any thread. After a read that was not LSHOST_OK only close may follow. */
typedef struct lshost_reader lshost_reader;
struct lshost_reader {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  void* impl;     /* the maker's */
  /* Copies up to `cap` (at least 1) bytes to `buf` and sets *n; *n == 0 with LSHOST_OK is the end, also when asked
   * again. LSHOST_CANCELLED when the host stops the replica, LSHOST_GONE when the host had to take the stream back. May
   * block. */
  LSHOST_FN(int32_t, read, lshost_reader* self, void* buf, size_t cap, size_t* n, lshost_error* err);
  /* Optional, may be NULL. If the bytes still to be read are the run [*offset, *offset + *length) of one file:
   * returns its descriptor, borrowed until close, to be used with positioned reads, copy_file_range or sendfile only.
   * -1: they are not. */
  LSHOST_FN(int32_t, fd, lshost_reader* self, uint64_t* offset, uint64_t* length);
  /* The end of the stream: `self` is gone when it returns. Never fails. */
  LSHOST_FN(void, close, lshost_reader* self);
};

/* A name and a value in a log line. FINAL. */
typedef struct lshost_kv {
  const char* key;   /* snake_case */
  const char* value; /* text, not quoted */
} lshost_kv;

LSHOST_END_C
#endif
