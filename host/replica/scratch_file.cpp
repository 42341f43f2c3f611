#include "replica/scratch_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <memory>

#include "base/error.hpp"
#include "base/hex.hpp"
#include "base/random_id.hpp"

namespace lshost::replica {
namespace {

constexpr std::string_view kPrefix = ".lshost-restore-";
constexpr std::string_view kSuffix = ".tmp";
constexpr std::string_view kOp = "restore.scratch";

/// Creates and locks a file; false: somebody took it for a left-over before it was locked.
bool try_create(const std::string& path, UniqueFd& fd) {
  fd.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) throw_errno(kOp, path);
  struct ::stat status{};
  return ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && ::fstat(fd.get(), &status) == 0 && status.st_nlink == 1;
}

/// True if the file's owner is dead, and the file is gone now.
bool remove_if_dead(const std::string& path) noexcept {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct ::stat status{};
  return fd && ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && ::unlink(path.c_str()) == 0;
}

}  // namespace

ScratchFile::ScratchFile(const std::string& directory) {
  do {
    path_ = directory + "/" + std::string(kPrefix) + random_id() + std::string(kSuffix);
  } while (!try_create(path_, fd_));
}

ScratchFile::~ScratchFile() {
  if (!is_kept_) (void)::unlink(path_.c_str());  // what stays here is removed by the next restore
}

void ScratchFile::write_at(std::uint64_t offset, ByteSpan data) {
  while (!data.empty()) {
    const ::ssize_t written = ::pwrite(fd_.get(), data.data(), data.size(), static_cast<::off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno(kOp, path_);
    offset += static_cast<std::uint64_t>(written);
    data = data.subspan(static_cast<std::size_t>(written));
  }
}

std::size_t ScratchFile::read_at(std::uint64_t offset, MutableByteSpan into) const {
  std::size_t total = 0;
  while (total < into.size()) {
    const ::ssize_t got =
        ::pread(fd_.get(), into.data() + total, into.size() - total, static_cast<::off_t>(offset + total));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(kOp, path_);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

void ScratchFile::start_write_back() noexcept { (void)::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }

void ScratchFile::resize(std::uint64_t size_bytes) {
  if (::ftruncate(fd_.get(), static_cast<::off_t>(size_bytes)) != 0) throw_errno(kOp, path_);
}

void ScratchFile::set_owner_and_mode(std::uint32_t uid, std::uint32_t gid, std::uint32_t mode) {
  // The mode comes last: giving a file away takes bits from it.
  // Only root may give a file away; others keep it, as cp does.
  if (::fchown(fd_.get(), uid, gid) != 0 && errno != EPERM) throw_errno(kOp, path_);
  // A file that nobody executes has no use for the bits above: whoever set them meant something else.
  if (::fchmod(fd_.get(), static_cast<::mode_t>(mode) & 0777) != 0) throw_errno(kOp, path_);
}

void ScratchFile::sync() {
  if (::fsync(fd_.get()) != 0) throw_errno(kOp, path_);
}

bool is_scratch_name(std::string_view name) noexcept {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  return from_hex16(name).has_value();
}

std::size_t remove_dead_scratch_files(const std::string& directory) noexcept {
  const auto close = [](DIR* dir) { (void)::closedir(dir); };
  const std::unique_ptr<DIR, decltype(close)> dir(::opendir(directory.c_str()), close);
  std::size_t removed = 0;
  while (dir != nullptr) {
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    if (is_scratch_name(entry->d_name) && remove_if_dead(directory + "/" + entry->d_name)) ++removed;
  }
  return removed;
}

}  // namespace lshost::replica
