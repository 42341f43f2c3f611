#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int32_t fail(lshost_error* err, int32_t code, uint32_t flags, const char* format, ...) {
  if (err == NULL || err->struct_size < sizeof *err) return code;
  err->code = code;
  err->flags = flags;
  va_list args;
  va_start(args, format);
  (void)vsnprintf(err->message, sizeof err->message, format, args);
  va_end(args);
  return code;
}

int32_t fail_errno(lshost_error* err, const char* what, const char* path) {
  const int why = errno;
  int32_t code = LSHOST_E_IO;
  uint32_t flags = LSHOST_ERR_RETRYABLE;
  if (why == ENOENT || why == ENOTDIR) code = LSHOST_E_NOT_FOUND;
  if (why == ENOSPC || why == EDQUOT) code = LSHOST_E_NO_SPACE;
  if (why == EACCES || why == EPERM || why == EROFS) code = LSHOST_E_DENIED;
  if (code != LSHOST_E_IO) flags |= LSHOST_ERR_OPERATOR;
  return fail(err, code, flags, "%s %s: %s", what, path, strerror(why));
}

int32_t folder_init(folder* self, const lshost_host* host, lshost_ctx* ctx, lshost_error* err) {
  lshost_value path = {.struct_size = sizeof path};
  const int32_t result = host->config_get(ctx, "path", -1, LSHOST_CFG_STRING, &path, err);
  if (result == LSHOST_E_NOT_FOUND) return fail(err, LSHOST_E_CONFIG, LSHOST_ERR_OPERATOR, "the key 'path' is missing");
  if (result != LSHOST_OK) return result;
  if (path.s[0] != '/' || path.s_len >= PATH_MAX) {
    return fail(err, LSHOST_E_CONFIG, LSHOST_ERR_OPERATOR, "path = \"%s\" is not absolute, or too long", path.s);
  }
  size_t length = path.s_len;
  while (length > 1 && path.s[length - 1] == '/') --length;
  memcpy(self->root, path.s, length);
  self->root[length] = '\0';
  self->is_clean = 0;
  return LSHOST_OK;
}

/* ---- all files ---- */

static int by_name(const FTSENT** a, const FTSENT** b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

/* Whether a name is one of those that folder_put gives to what it has not finished. No key ends in ~. */
static int is_unfinished(const char* name) { return name[0] != '\0' && name[strlen(name) - 1] == '~'; }

/* Calls `each` for every file, a folder's in order. A folder that was not made yet has none. */
static int32_t walk(const folder* self, folder_each* each, void* arg, lshost_error* err) {
  char top[PATH_MAX];
  memcpy(top, self->root, sizeof top);
  char* const tops[] = {top, NULL};
  FTS* tree = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
  if (tree == NULL) return fail_errno(err, "list", top);
  int32_t result = LSHOST_OK;
  FTSENT* entry = NULL;
  while (result == LSHOST_OK && (errno = 0, entry = fts_read(tree)) != NULL) {
    const int is_bad = entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS;
    if (is_bad && entry->fts_errno != ENOENT) { /* files come and go meanwhile */
      errno = entry->fts_errno;
      result = fail_errno(err, "list", entry->fts_path);
    }
    if (entry->fts_info != FTS_F || entry->fts_level == 0) continue;
    result = each(arg, entry->fts_path + strlen(self->root) + 1, (uint64_t)entry->fts_statp->st_size);
  }
  if (result == LSHOST_OK && errno != 0) result = fail_errno(err, "list", top);
  (void)fts_close(tree);
  return result;
}

/* ---- put ---- */

static int32_t write_all(int fd, const char* bytes, size_t size, const char* path, lshost_error* err) {
  while (size > 0) {
    const ssize_t count = write(fd, bytes, size);
    if (count < 0) return fail_errno(err, "write", path);
    bytes += count;
    size -= (size_t)count;
  }
  return LSHOST_OK;
}

static int32_t copy(lshost_reader* from, int fd, uint64_t size, const char* path, lshost_error* err) {
  char buffer[1 << 16];
  uint64_t done = 0;
  for (;;) {
    size_t count = 0;
    int32_t result = from == NULL ? LSHOST_OK : from->read(from, buffer, sizeof buffer, &count, err);
    if (result == LSHOST_OK && count > 0) result = write_all(fd, buffer, count, path, err);
    if (result != LSHOST_OK) return result;
    if (count == 0) break;
    done += count;
  }
  if (size != LSHOST_SIZE_UNKNOWN && done != size) {
    return fail(err, LSHOST_E_IO, LSHOST_ERR_RETRYABLE, "the bytes for %s are cut", path);
  }
  return fsync(fd) == 0 ? LSHOST_OK : fail_errno(err, "sync", path);
}

static int32_t sync_folder(const char* path, lshost_error* err) {
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail_errno(err, "open", path);
  const int32_t result = fsync(fd) == 0 ? LSHOST_OK : fail_errno(err, "sync", path);
  (void)close(fd);
  return result;
}

/* Makes a folder that lasts, and those that it lies in. */
static int32_t make_folder(const char* path, lshost_error* err) {
  char outer[PATH_MAX];
  if (access(path, F_OK) == 0) return LSHOST_OK;
  (void)snprintf(outer, sizeof outer, "%s", path);
  char* const slash = strrchr(outer, '/');
  slash[slash == outer ? 1 : 0] = '\0';
  const int32_t result = make_folder(outer, err);
  if (result != LSHOST_OK) return result;
  if (mkdir(path, 0700) != 0 && errno != EEXIST) return fail_errno(err, "create", path);
  return sync_folder(outer, err);
}

/* A name lasts once its folder is synced, and the folder's folder. Cuts `path` down to the root. */
static int32_t sync_folders(const folder* self, char* path, lshost_error* err) {
  int32_t result = LSHOST_OK;
  while (result == LSHOST_OK && strlen(path) > strlen(self->root)) {
    *strrchr(path, '/') = '\0';
    result = sync_folder(path, err);
  }
  return result;
}

static int32_t join(const folder* self, const char* name, char* path, lshost_error* err) {
  const int length = snprintf(path, PATH_MAX, "%s/%s", self->root, name);
  if (length > 0 && length < PATH_MAX) return LSHOST_OK;
  return fail(err, LSHOST_E_INVALID, LSHOST_ERR_OPERATOR, "the path of %s is too long", name);
}

static int32_t remove_unfinished(void* arg, const char* name, uint64_t size) {
  char path[PATH_MAX];
  (void)size;
  if (is_unfinished(name) && join(arg, name, path, NULL) == LSHOST_OK) (void)unlink(path);
  return LSHOST_OK;
}

/* Writes `bytes` to a new file in the folder of `path`, and then gives it that name. */
static int32_t put_file(const char* path, lshost_reader* bytes, uint64_t size, lshost_error* err) {
  static atomic_uint number;
  char unfinished[PATH_MAX];
  const int length = snprintf(unfinished, sizeof unfinished, "%.*s/.%d-%u~", (int)(strrchr(path, '/') - path), path,
                              (int)getpid(), number++);
  if (length < 0 || length >= PATH_MAX) {
    return fail(err, LSHOST_E_INVALID, LSHOST_ERR_OPERATOR, "the path %s is too long", path);
  }
  const int fd = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno(err, "create", unfinished);
  int32_t result = copy(bytes, fd, size, path, err);
  (void)close(fd);
  if (result == LSHOST_OK && rename(unfinished, path) != 0) result = fail_errno(err, "rename", unfinished);
  if (result != LSHOST_OK) (void)unlink(unfinished);
  return result;
}

int32_t folder_put(folder* self, const char* name, lshost_reader* bytes, uint64_t size, lshost_error* err) {
  char path[PATH_MAX];
  int32_t result = join(self, name, path, err);
  if (result == LSHOST_OK && !self->is_clean) {
    /* What was left by a process that was killed. If somebody else is writing one, that fails there and is repeated. */
    result = walk(self, remove_unfinished, self, err);
    self->is_clean = result == LSHOST_OK;
  }
  if (result == LSHOST_OK) {
    char* const slash = strrchr(path, '/');
    *slash = '\0';
    result = make_folder(path, err);
    *slash = '/';
  }
  if (result == LSHOST_OK) result = put_file(path, bytes, size, err);
  if (result == LSHOST_OK) result = sync_folders(self, path, err);
  return result;
}

/* ---- get ---- */

typedef struct file_reader {
  lshost_reader base;
  int fd;
  uint64_t offset;
  uint64_t left;
} file_reader;

static int32_t read_file(lshost_reader* self, void* buf, size_t cap, size_t* n, lshost_error* err) {
  file_reader* me = self->impl;
  const ssize_t count = pread(me->fd, buf, cap < me->left ? cap : (size_t)me->left, (off_t)me->offset);
  *n = 0;
  if (count < 0) return fail_errno(err, "read", "the stored file");
  *n = (size_t)count;
  me->offset += *n;
  me->left -= *n;
  return LSHOST_OK;
}

static void close_file(lshost_reader* self) {
  file_reader* me = self->impl;
  (void)close(me->fd);
  free(me);
}

int32_t folder_get(const folder* self, const char* name, uint64_t offset, uint64_t length, lshost_reader** out,
                   lshost_error* err) {
  char path[PATH_MAX];
  *out = NULL;
  const int32_t result = join(self, name, path, err);
  if (result != LSHOST_OK) return result;
  file_reader* reader = calloc(1, sizeof *reader);
  if (reader == NULL) return fail(err, LSHOST_E_NO_MEMORY, LSHOST_ERR_RETRYABLE, "out of memory");
  const lshost_reader base = {sizeof base, 0, reader, read_file, NULL, close_file};
  reader->base = base;
  reader->offset = offset;
  reader->left = length;
  reader->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (reader->fd < 0) {
    free(reader);
    return fail_errno(err, "open", path);
  }
  struct stat about;
  if (fstat(reader->fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    close_file(&reader->base);
    return fail(err, LSHOST_E_NOT_FOUND, 0, "%s is no file", path);
  }
  *out = &reader->base;
  return LSHOST_OK;
}

/* ---- list, remove ---- */

typedef struct listing {
  const char* prefix;
  folder_each* each;
  void* arg;
} listing;

static int32_t list_file(void* arg, const char* name, uint64_t size) {
  const listing* me = arg;
  if (is_unfinished(name) || strncmp(name, me->prefix, strlen(me->prefix)) != 0) return LSHOST_OK;
  return me->each(me->arg, name, size);
}

int32_t folder_list(const folder* self, const char* prefix, folder_each* each, void* arg, lshost_error* err) {
  listing wanted = {prefix, each, arg};
  return walk(self, list_file, &wanted, err);
}

int32_t folder_remove(const folder* self, const char* name, lshost_error* err) {
  char path[PATH_MAX];
  const int32_t result = join(self, name, path, err);
  if (result != LSHOST_OK) return result;
  if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return LSHOST_OK;
  return fail_errno(err, "remove", path);
}

int32_t folder_remove_all(const folder* self, const char* name, lshost_error* err) {
  char top[PATH_MAX];
  int32_t result = join(self, name, top, err);
  if (result != LSHOST_OK) return result;
  char* const tops[] = {top, NULL};
  FTS* tree = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  if (tree == NULL) return fail_errno(err, "remove", top);
  FTSENT* entry = NULL;
  while (result == LSHOST_OK && (entry = fts_read(tree)) != NULL) {
    if (entry->fts_info == FTS_D) continue; /* comes again, behind what is in it */
    if (remove(entry->fts_accpath) != 0 && errno != ENOENT) result = fail_errno(err, "remove", entry->fts_path);
  }
  (void)fts_close(tree);
  return result;
}
