// A plugin of 1.0 in C++20, kept as it was written then: never edited, built from the C headers beside it, and loaded
// by the host of today in every run of the tests. It is a store, files of a folder, that the host's engine makes a
// replicator of.

#include <fcntl.h>
#include <lshost/plugin.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#ifndef OBJECTS_TYPE
#define OBJECTS_TYPE "objects"
#endif

namespace {

namespace fs = std::filesystem;

struct Objects : lshost_store {
  fs::path root;
};

const fs::path& root_of(lshost_store* self) { return static_cast<Objects*>(self->impl)->root; }

std::int32_t fail(lshost_error* err, std::int32_t code, const std::string& what, int number = errno) {
  if (err == nullptr || err->struct_size < sizeof *err) return code;
  err->code = code;
  err->flags = LSHOST_ERR_RETRYABLE;
  const std::string text = what + ": " + std::strerror(number);
  err->message[text.copy(err->message, sizeof err->message - 1)] = '\0';
  return code;
}

bool sync_path(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_done = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return is_done;
}

std::int32_t write_all(const fs::path& path, lshost_reader* body, std::uint64_t size, lshost_error* err) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(err, LSHOST_E_IO, "open " + path.string());
  std::string buffer(std::size_t{64} << 10, '\0');
  std::uint64_t done = 0;
  std::int32_t result = LSHOST_OK;
  while (result == LSHOST_OK) {
    std::size_t count = 0;
    result = body->read(body, buffer.data(), buffer.size(), &count, err);
    if (result != LSHOST_OK || count == 0) break;
    if (::write(file, buffer.data(), count) != static_cast<ssize_t>(count)) {
      result = fail(err, LSHOST_E_IO, "write " + path.string());
    }
    done += count;
  }
  if (result == LSHOST_OK && ::fsync(file) != 0) result = fail(err, LSHOST_E_IO, "sync " + path.string());
  ::close(file);
  if (result == LSHOST_OK && size != LSHOST_SIZE_UNKNOWN && size != done) {
    result = fail(err, LSHOST_E_INVALID, "the body is cut", 0);
  }
  return result;
}

template <class Publish>
std::int32_t store(lshost_store* self, const char* key, lshost_reader* body, std::uint64_t size, lshost_error* err,
                   Publish publish) noexcept {
  try {
    static std::atomic<unsigned> number{0};
    const fs::path path = root_of(self) / key;
    const fs::path temporary = root_of(self) / (".put-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    fs::create_directories(path.parent_path());
    std::int32_t result = write_all(temporary, body, size, err);
    if (result == LSHOST_OK && publish(temporary.c_str(), path.c_str()) != 0) {
      result = fail(err, errno == EEXIST ? LSHOST_E_EXISTS : LSHOST_E_IO, "publish " + path.string());
    }
    std::error_code ignored;
    fs::remove(temporary, ignored);
    if (result != LSHOST_OK || sync_path(path.parent_path())) return result;
    return fail(err, LSHOST_E_IO, "sync the folder of " + path.string());
  } catch (const std::exception& e) {
    return fail(err, LSHOST_E_IO, e.what(), 0);
  }
}

std::int32_t put(lshost_store* self, const char* key, lshost_reader* body, std::uint64_t size,
                 lshost_error* err) noexcept {
  return store(self, key, body, size, err, [](const char* from, const char* to) { return ::rename(from, to); });
}

std::int32_t put_new(lshost_store* self, const char* key, lshost_reader* body, std::uint64_t size,
                     lshost_error* err) noexcept {
  return store(self, key, body, size, err, [](const char* from, const char* to) { return ::link(from, to); });
}

struct Part : lshost_reader {
  int file;
  std::uint64_t at;
  std::uint64_t left;
};

std::int32_t read_part(lshost_reader* self, void* buf, std::size_t cap, std::size_t* n, lshost_error* err) noexcept {
  auto& part = *static_cast<Part*>(self->impl);
  *n = 0;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(cap, part.left));
  const ssize_t got = ::pread(part.file, buf, wanted, static_cast<off_t>(part.at));
  if (got < 0) return fail(err, LSHOST_E_IO, "read an object");
  *n = static_cast<std::size_t>(got);
  part.at += *n;
  part.left -= *n;
  return LSHOST_OK;
}

void close_part(lshost_reader* self) noexcept {
  auto* part = static_cast<Part*>(self->impl);
  ::close(part->file);
  delete part;
}

std::int32_t get(lshost_store* self, const char* key, std::uint64_t offset, std::uint64_t length, lshost_reader** out,
                 lshost_error* err) noexcept {
  *out = nullptr;
  try {
    const fs::path path = root_of(self) / key;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail(err, errno == ENOENT ? LSHOST_E_NOT_FOUND : LSHOST_E_IO, "open " + path.string());
    auto* part = new Part{};
    static_cast<lshost_reader&>(*part) = {sizeof(lshost_reader), 0, part, read_part, nullptr, close_part};
    part->file = file;
    part->at = offset;
    part->left = length;
    *out = part;
    return LSHOST_OK;
  } catch (const std::exception& e) {
    return fail(err, LSHOST_E_NO_MEMORY, e.what(), 0);
  }
}

std::int32_t list(lshost_store* self, const char* prefix, lshost_blob_sink* sink, lshost_error* err) noexcept {
  try {
    std::error_code gone;  // files come and go meanwhile
    for (fs::recursive_directory_iterator it(root_of(self), gone), end; it != end; it.increment(gone)) {
      struct stat found{};
      const std::string key = it->path().lexically_relative(root_of(self)).string();
      if (key.rfind(prefix, 0) != 0 || key.rfind(".put-", 0) == 0) continue;
      if (::stat(it->path().c_str(), &found) != 0 || !S_ISREG(found.st_mode)) continue;
      const lshost_blob blob = {sizeof blob, 0, key.c_str(), static_cast<std::uint64_t>(found.st_size),
                                std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
      const std::int32_t result = sink->item(sink, &blob);
      if (result != LSHOST_OK) return result;
    }
    return LSHOST_OK;
  } catch (const std::exception& e) {
    return fail(err, LSHOST_E_IO, e.what(), 0);
  }
}

std::int32_t remove_all(lshost_store* self, const char* const* keys, std::size_t n, lshost_error* err) noexcept {
  try {
    for (std::size_t i = 0; i < n; ++i) fs::remove(root_of(self) / keys[i]);
    return LSHOST_OK;
  } catch (const std::exception& e) {
    return fail(err, LSHOST_E_IO, e.what(), 0);
  }
}

void destroy(lshost_store* self) noexcept { delete static_cast<Objects*>(self->impl); }

const lshost_config_key path_key = {sizeof path_key, LSHOST_CFG_STRING, LSHOST_KEY_REQUIRED,  0,
                                    "path",          nullptr,           "folder to write to", nullptr};
const lshost_config_key* const all_keys[] = {&path_key};
const lshost_config_schema schema = {sizeof schema, 1, all_keys};

const void* type_extension(const lshost_type*, const char* id) noexcept {
  return std::strcmp(id, LSHOST_EXT_CONFIG_SCHEMA) == 0 ? &schema : nullptr;
}

std::int32_t create(const lshost_type* self, const lshost_host* host, lshost_ctx* ctx, std::uint32_t,
                    lshost_replicator** out, lshost_error* err) noexcept {
  *out = nullptr;
  try {
    const auto* engine = static_cast<const lshost_engine*>(host->extension(ctx, LSHOST_HOST_ENGINE));
    if (engine == nullptr) return fail(err, LSHOST_E_UNSUPPORTED, "this host has no engine for stores", 0);
    lshost_value path{};
    path.struct_size = sizeof path;
    const std::int32_t result = host->config_get(ctx, "path", -1, LSHOST_CFG_STRING, &path, err);
    if (result != LSHOST_OK) return result;
    auto* objects = new Objects{};
    objects->root = std::string(path.s, path.s_len);
    static_cast<lshost_store&>(*objects) = {
        sizeof(lshost_store), LSHOST_STORE_PARALLEL, objects, put, put_new, get, list, remove_all, destroy};
    return engine->create(ctx, self->type, objects, out, err);
  } catch (const std::exception& e) {
    return fail(err, LSHOST_E_NO_MEMORY, e.what(), 0);
  }
}

const lshost_type the_type = {sizeof the_type, LSHOST_TYPE_STORE, OBJECTS_TYPE, "objects in a folder",
                              create,          type_extension};
const lshost_type* const all_types[] = {&the_type};
const lshost_module the_module = {
    sizeof the_module, LSHOST_ABI_MINOR, "lshost-" OBJECTS_TYPE, "1.0.0", "", "MIT", "", 0, 1, all_types};

}  // namespace

__attribute__((section(LSHOST_META_SECTION), used)) const lshost_meta lshost_plugin_meta = {
    LSHOST_META_MAGIC, sizeof(lshost_meta), LSHOST_ABI_MAJOR, LSHOST_ABI_MINOR, "lshost-" OBJECTS_TYPE,
    "1.0.0",           OBJECTS_TYPE,        "c++ 1.0"};

const lshost_module* lshost_plugin_v1(const lshost_host_info*, lshost_error*) noexcept { return &the_module; }
