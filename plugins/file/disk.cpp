#include "disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <lshost/replicator.hpp>

namespace lshost::file {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;
constexpr std::uint32_t kOperatorRetry = LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR;

/// Calls again when a signal came in between.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw Error::Errno(std::string("cannot ") + what + " " + path);
}

/// Never waits for the other end of a pipe, or makes a terminal ours.
int open_in(int folder, const std::string& name, int flags) {
  return retry([&] { return ::openat(folder, name.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kFileMode); });
}

[[noreturn]] void refuse_link(const std::string& path) {
  throw Error(LSHOST_E_INVALID,
              path +
                  " is a symbolic link, and none below the folder of a replica is followed; put what it leads to in "
                  "its place, or configure another path",
              kOperatorRetry);
}

[[noreturn]] void refuse_irregular(const std::string& path) {
  throw Error(LSHOST_E_INVALID, path + " is not a regular file; remove it, or configure another path", kOperatorRetry);
}

FileFacts to_facts(const struct stat& st) noexcept {
  FileFacts facts;
  facts.size_bytes = static_cast<std::uint64_t>(st.st_size);
  facts.modified_ns = std::int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec;
  facts.device = st.st_dev;
  facts.inode = st.st_ino;
  facts.is_folder = S_ISDIR(st.st_mode);
  facts.is_regular = S_ISREG(st.st_mode);
  return facts;
}

FileFacts facts_of(int fd, const std::string& path) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) fail("look at", path);
  return to_facts(st);
}

std::size_t read_fully(int fd, const std::string& path, std::uint64_t offset, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto count =
        retry([&] { return ::pread(fd, &into[done], into.size() - done, static_cast<off_t>(offset + done)); });
    if (count < 0) fail("read", path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

/// The entries of an open folder, without "." and "..". Takes the descriptor over.
std::vector<std::string> entries(int fd, const std::string& folder, std::size_t names_max) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd), &::closedir);
  if (!dir) {
    (void)::close(fd);
    fail("list", folder);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
    if (names.size() > names_max) {
      throw Error(LSHOST_E_INVALID,
                  folder + " holds more than " + std::to_string(names_max) + " names, which no replica has",
                  kOperatorRetry);
    }
    errno = 0;
  }
  if (errno != 0) fail("list", folder);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string parent_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) (void)::close(fd_);  // whoever cares for the bytes has synced them
}

// ---- InFile ----

std::size_t InFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  return read_fully(fd_.get(), path_, offset, into);
}

FileFacts InFile::facts() const { return facts_of(fd_.get(), path_); }

void InFile::expect_sequential_reads() const noexcept { (void)::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL); }

// ---- OutFile ----

OutFile::OutFile(Descriptor fd, std::string path, DiskWatcher* watcher)
    : fd_(std::move(fd)), path_(std::move(path)), watcher_(watcher) {
  const FileFacts now = facts_of(fd_.get(), path_);
  size_ = now.size_bytes;
  device_ = now.device;
  inode_ = now.inode;
}

void OutFile::append(std::span<const std::byte> bytes) {
  write(size_, bytes);
  size_ += bytes.size();
}

void OutFile::overwrite(std::uint64_t offset, std::span<const std::byte> bytes) { write(offset, bytes); }

void OutFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::size_t admitted = watcher_ == nullptr ? bytes.size() : watcher_->before(Step::write, path_, bytes.size());
  for (auto rest = bytes.first(admitted); !rest.empty();) {
    const auto count = retry([&] { return ::pwrite(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(offset)); });
    if (count < 0) fail("write", path_);
    rest = rest.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  if (admitted < bytes.size()) throw Error::Errno("cannot write " + path_, ENOSPC);
  if (watcher_ != nullptr) watcher_->after(Step::write, path_);
}

void OutFile::truncate(std::uint64_t size_bytes) {
  if (watcher_ != nullptr) (void)watcher_->before(Step::truncate, path_, 0);
  if (retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)); }) != 0) fail("cut", path_);
  size_ = size_bytes;
  if (watcher_ != nullptr) watcher_->after(Step::truncate, path_);
}

void OutFile::sync() {
  if (watcher_ != nullptr) (void)watcher_->before(Step::sync, path_, 0);
  if (retry([&] { return ::fdatasync(fd_.get()); }) != 0) fail("sync", path_);
  if (watcher_ != nullptr) watcher_->after(Step::sync, path_);
}

void OutFile::start_writing_out(std::uint64_t offset) const noexcept {
  (void)::sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size_ - offset),
                          SYNC_FILE_RANGE_WRITE);
}

std::size_t OutFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  return read_fully(fd_.get(), path_, offset, into);
}

FileFacts OutFile::facts() const { return facts_of(fd_.get(), path_); }

bool OutFile::is_under_its_name() const {
  struct stat st{};
  return ::stat(path_.c_str(), &st) == 0 && st.st_dev == device_ && st.st_ino == inode_;
}

bool OutFile::lock() const {
  return retry([&] { return ::flock(fd_.get(), LOCK_EX | LOCK_NB); }) == 0 || errno != EWOULDBLOCK;
}

// ---- Disk ----

int Disk::Place::at() const noexcept { return folder.get() < 0 ? AT_FDCWD : folder.get(); }

std::optional<Disk::Place> Disk::find_place(const std::string& path) const {
  if (!path.starts_with(root_ + "/")) return Place{Descriptor(-1), path, 0};
  Place place{Descriptor(open_in(AT_FDCWD, root_.empty() ? "/" : root_, O_PATH | O_DIRECTORY)),
              path.substr(root_.size() + 1), O_NOFOLLOW};
  if (place.folder.get() < 0 && errno == ENOENT) return std::nullopt;
  if (place.folder.get() < 0) fail("open the folder", root_);
  for (auto slash = place.name.find('/'); slash != std::string::npos; slash = place.name.find('/')) {
    const std::string folder = place.name.substr(0, slash);
    Descriptor next(open_in(place.at(), folder, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (next.get() < 0) {
      if (errno == ENOENT) return std::nullopt;
      const std::string so_far = path.substr(0, path.size() - place.name.size() + slash);
      struct stat st{};
      const int reason = errno;
      if (::fstatat(place.at(), folder.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        refuse_link(so_far);
      throw Error::Errno("cannot open the folder " + so_far, reason);
    }
    place.folder = std::move(next);
    place.name.erase(0, slash + 1);
  }
  return place;
}

int Disk::open_at(const std::string& path, int flags) const {
  const auto place = find_place(path);
  if (!place) return -1;  // ENOENT
  const int fd = open_in(place->at(), place->name, flags | place->flags);
  if (fd < 0 && errno == ELOOP) refuse_link(path);
  if (fd < 0 && errno == ENXIO) refuse_irregular(path);  // a socket, a pipe without the other end
  return fd;
}

int Disk::open_folder(const std::string& folder) const {
  const auto place = find_place(folder);
  if (!place) return -1;
  const int fd = open_in(place->at(), place->name, O_RDONLY | O_DIRECTORY | place->flags);
  if (fd >= 0 || errno != ENOTDIR) return fd;
  struct stat st{};
  const bool is_link =
      ::fstatat(place->at(), place->name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
  if (is_link) refuse_link(folder);
  errno = ENOTDIR;
  return -1;
}

/// False, with errno, where there is nothing.
bool Disk::look(const std::string& path, struct stat& st) const {
  const auto place = find_place(path);
  if (!place) return false;
  const int flags = place->flags == 0 ? 0 : AT_SYMLINK_NOFOLLOW;
  return ::fstatat(place->at(), place->name.c_str(), &st, flags) == 0;
}

std::size_t Disk::before(Step step, const std::string& path, std::size_t size) const {
  return watcher_ == nullptr ? size : watcher_->before(step, path, size);
}

void Disk::after(Step step, const std::string& path) const {
  if (watcher_ != nullptr) watcher_->after(step, path);
}

OutFile Disk::create(const std::string& path) const {
  (void)before(Step::create, path);
  const auto place = find_place(path);
  if (!place) fail("create", path);
  if (::unlinkat(place->at(), place->name.c_str(), 0) != 0 && errno != ENOENT) fail("replace", path);
  Descriptor fd(open_in(place->at(), place->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW));
  if (fd.get() < 0) fail("create", path);
  after(Step::create, path);
  return {std::move(fd), path, watcher_};
}

std::optional<OutFile> Disk::open_append(const std::string& path) const {
  Descriptor fd(open_at(path, O_RDWR | O_NOFOLLOW));
  if (fd.get() < 0 && errno == ENOENT) return std::nullopt;
  if (fd.get() < 0) fail("open", path);
  if (!facts_of(fd.get(), path).is_regular) refuse_irregular(path);
  return OutFile(std::move(fd), path, watcher_);
}

std::optional<InFile> Disk::open_read(const std::string& path) const {
  Descriptor fd(open_at(path, O_RDONLY));
  if (fd.get() < 0 && errno == ENOENT) return std::nullopt;
  if (fd.get() < 0) fail("open", path);
  if (!facts_of(fd.get(), path).is_regular) refuse_irregular(path);
  return InFile(std::move(fd), path);
}

std::optional<std::vector<std::byte>> Disk::read(const std::string& path, std::size_t size_max) const {
  const auto file = open_read(path);
  if (!file) return std::nullopt;
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min<std::uint64_t>(file->facts().size_bytes, size_max)));
  bytes.resize(file->read_at(0, bytes));
  return bytes;
}

std::optional<FileFacts> Disk::facts(const std::string& path) const {
  struct stat st{};
  if (look(path, st)) return to_facts(st);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  fail("look at", path);
}

bool Disk::is_real_folder(const std::string& path) const {
  struct stat st{};
  return look(path, st) && S_ISDIR(st.st_mode);
}

std::vector<std::string> Disk::list(const std::string& folder, std::size_t names_max) const {
  const int fd = open_folder(folder);
  if (fd < 0 && errno == ENOENT) return {};
  if (fd < 0) fail("list", folder);
  return entries(fd, folder, names_max);
}

std::vector<std::string> Disk::make_folders(const std::string& folder) const {
  struct stat st{};
  if (look(folder, st)) {
    if (S_ISDIR(st.st_mode)) return {};
    if (S_ISLNK(st.st_mode)) refuse_link(folder);
    throw Error(LSHOST_E_INVALID,
                folder + " is a file where a folder has to be; move it away or configure another path", kOperatorRetry);
  }
  if (errno != ENOENT && errno != ENOTDIR) fail("look at", folder);
  const std::string parent = parent_folder(folder);
  auto made = parent == folder ? std::vector<std::string>{} : make_folders(parent);
  (void)before(Step::make_folder, folder);
  const auto place = find_place(folder);
  if (!place || (::mkdirat(place->at(), place->name.c_str(), kFolderMode) != 0 && errno != EEXIST))
    fail("create the folder", folder);
  after(Step::make_folder, folder);
  made.push_back(folder);
  return made;
}

void Disk::sync_path(const std::string& folder) const {
  const auto device = facts(folder);
  for (std::string at = folder; at != "/"; at = parent_folder(at)) {
    const std::string parent = parent_folder(at);
    const auto above = facts(parent);
    if (!device || !above || above->device != device->device) return;  // a mount point is nothing that we made
    if (::faccessat(AT_FDCWD, parent.c_str(), R_OK, AT_EACCESS) == 0) sync_folder(parent);
  }
}

void Disk::rename(const std::string& from, const std::string& to) const {
  (void)before(Step::rename, to);
  const auto source = find_place(from);
  const auto target = find_place(to);
  if (!source || !target || ::renameat(source->at(), source->name.c_str(), target->at(), target->name.c_str()) != 0)
    fail("rename to", to);
  after(Step::rename, to);
}

void Disk::remove(const std::string& path) const {
  (void)before(Step::remove, path);
  const auto place = find_place(path);
  if (place && ::unlinkat(place->at(), place->name.c_str(), 0) != 0 && errno != ENOENT) fail("remove", path);
  after(Step::remove, path);
}

void Disk::remove_folder(const std::string& folder) const {
  (void)before(Step::remove, folder);
  const auto place = find_place(folder);
  if (place && ::unlinkat(place->at(), place->name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    fail("remove the folder", folder);
  after(Step::remove, folder);
}

void Disk::remove_tree(const std::string& folder) const {
  struct stat st{};
  if (!look(folder, st)) {
    if (errno == ENOENT) return;
    fail("look at", folder);
  }
  if (!S_ISDIR(st.st_mode)) return remove(folder);
  for (const auto& name : list(folder)) remove_tree(folder + "/" + name);
  remove_folder(folder);
}

void Disk::sync_folder(const std::string& folder) const {
  (void)before(Step::sync_folder, folder);
  const Descriptor fd(open_folder(folder));
  if (fd.get() < 0) fail("open the folder", folder);
  if (retry([&] { return ::fsync(fd.get()); }) != 0) fail("sync the folder", folder);
  after(Step::sync_folder, folder);
}

}  // namespace lshost::file
