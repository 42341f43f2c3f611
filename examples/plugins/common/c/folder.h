/* A folder as a destination: files that are there in full or not at all, and durable when folder_put returns.
 * For a destination of another kind, this and folder.c are the files to replace. Results are those of lshost/abi.h. */
#ifndef FOLDER_H
#define FOLDER_H

#include <limits.h>
#include <lshost/plugin.h>

typedef struct folder {
  char root[PATH_MAX];
  int is_clean; /* of folder_put only */
} folder;

/* From the configuration: the key "path". LSHOST_E_CONFIG if it is missing or makes no sense. Touches no file. */
int32_t folder_init(folder* self, const lshost_host* host, lshost_ctx* ctx, lshost_error* err);

/* Below the folder. `name` is borrowed for the call. Another result than LSHOST_OK ends the listing, which returns it.
 */
typedef int32_t folder_each(void* arg, const char* name, uint64_t size);

/* Replaces what is there. Nothing is stored if `bytes` fails or ends early. One call at a time. */
int32_t folder_put(folder* self, const char* name, lshost_reader* bytes, uint64_t size, lshost_error* err);
/* The bytes [offset, offset + length), or as many of them as there are. */
int32_t folder_get(const folder* self, const char* name, uint64_t offset, uint64_t length, lshost_reader** out,
                   lshost_error* err);
/* All names that begin with `prefix`; a folder's in order. */
int32_t folder_list(const folder* self, const char* prefix, folder_each* each, void* arg, lshost_error* err);
/* One that is not there is no error. */
int32_t folder_remove(const folder* self, const char* name, lshost_error* err);
/* A folder with all that is in it. */
int32_t folder_remove_all(const folder* self, const char* name, lshost_error* err);

/* Fills err and returns code. */
__attribute__((format(printf, 4, 5))) int32_t fail(lshost_error* err, int32_t code, uint32_t flags, const char* format,
                                                   ...);
/* The same for errno after a call that failed at `path`. */
int32_t fail_errno(lshost_error* err, const char* what, const char* path);

#endif
