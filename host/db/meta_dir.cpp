#include "db/meta_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/hex.hpp"

namespace lshost::db {

std::string MetaDir::default_for(const std::string& database_path) {
  const auto slash = database_path.rfind('/');
  const auto name_begin = slash == std::string::npos ? 0 : slash + 1;
  return database_path.substr(0, name_begin) + "." + database_path.substr(name_begin) + "-lshost";
}

std::string MetaDir::wal_name(std::uint64_t index) { return to_hex16(index) + ".wal"; }
std::string MetaDir::times_name(std::uint64_t index) { return to_hex16(index) + ".times"; }
std::string MetaDir::live_name(std::uint64_t index) { return to_hex16(index) + ".live"; }

std::optional<std::uint64_t> MetaDir::index_of_wal_name(const std::string& name) {
  if (!name.ends_with(".wal")) return std::nullopt;
  return from_hex16(std::string_view(name).substr(0, name.size() - 4));
}

void prepare(os::Fs& fs, const MetaDir& meta) {
  fs.create_directories("attach", meta.path(), 0700);
  const auto found = fs.stat("attach", meta.path());
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    throw Error(ErrorCode::denied, "attach " + meta.path() + ": refused: it " + why + "; hint: " + hint);
  };
  if (!found) return;  // gone again: the lock says so
  if (found->is_link) refuse("is a symbolic link", "set meta-path to the folder that is meant");
  const auto me = static_cast<std::uint32_t>(::geteuid());
  if (found->uid != me && found->uid != 0) {
    refuse("belongs to another user, of number " + std::to_string(found->uid),
           "move it away, or chown it to the user that lshost runs as");
  }
  if ((found->mode & 022) != 0) refuse("is writable by others", "chmod go-w " + meta.path());
}

std::optional<UniqueFd> try_lock(const MetaDir& meta) {
  const std::string path = meta.lock_file();
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) throw_errno("lock", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw_errno("lock", path);
}

}  // namespace lshost::db
