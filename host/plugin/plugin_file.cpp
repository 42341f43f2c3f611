#include "plugin/plugin_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/error.hpp"
#include "os/fs.hpp"

namespace lshost::plugin {
namespace {

constexpr std::string_view kPrefix = "lshost-";
constexpr std::string_view kSuffix = ".so";
constexpr const char* kOwnFolder = "../lib/lshost/plugins";  // from the folder of the program

std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> folders;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (end > 0) folders.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return folders;
}

/// "" where the program's own place can not be told.
std::string own_folder() {
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return "";
  return (program.parent_path() / kOwnFolder).lexically_normal().string();
}

std::string file_name(const std::string& type) { return std::string(kPrefix) + type + std::string(kSuffix); }

/// "foo" for "lshost-foo.so"; "" for other names.
std::string type_of_file_name(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || name.size() <= kPrefix.size() + kSuffix.size())
    return "";
  std::string type(name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()));
  return is_type_name(type) ? type : "";
}

FileId id_of(const struct stat& found) {
  return {found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size),
          UnixNanos{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

std::string owner_name(uid_t uid) {
  std::array<char, 1024> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return "user " + std::to_string(uid);
}

/// Who may write to it can make us run anything: only root and we ourselves may.
void require_trusted(const struct stat& found, const std::string& what, const std::string& path) {
  const uid_t me = ::geteuid();
  if (found.st_uid != 0 && found.st_uid != me) {
    const std::string allowed = me == 0 ? "not to root" : "neither to root nor to " + owner_name(me);
    throw Error(ErrorCode::denied, "refused: the " + what + " belongs to " + owner_name(found.st_uid) + ", " + allowed +
                                       "; hint: chown " + owner_name(me) + " " + path);
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    const bool others = (found.st_mode & S_IWOTH) != 0;
    throw Error(ErrorCode::denied, "refused: the " + what + " is writable by " + (others ? "others" : "its group") +
                                       "; hint: chmod go-w " + path);
  }
}

struct stat stat_of(int descriptor, const std::string& path) {
  struct stat found{};
  if (::fstat(descriptor, &found) != 0) throw_errno("stat", path);
  return found;
}

/// The folder and every one above it, up to the root. In a folder that all may write to, sticky as /tmp is, nobody can
/// replace what is not theirs.
void require_trusted_from_root(const std::filesystem::path& real) {
  std::filesystem::path so_far;
  for (const auto& part : real) {
    so_far /= part;
    struct stat found{};
    if (::stat(so_far.c_str(), &found) != 0) throw_errno("stat", so_far.string());
    if (S_ISDIR(found.st_mode) && (found.st_mode & S_ISVTX) != 0) found.st_mode &= ~mode_t{S_IWGRP | S_IWOTH};
    require_trusted(found, "folder " + so_far.string() + " on the way to it", so_far.string());
  }
}

/// Whoever can write to a folder on the way can put something else there, so each has to be trusted: as it is written,
/// and where links on the way lead.
void require_trusted_way(const std::string& path) {
  const auto whole = std::filesystem::absolute(path);
  std::filesystem::path so_far;
  for (const auto& part : whole) {
    so_far /= part;
    std::error_code failed;
    const auto real = std::filesystem::canonical(so_far, failed);
    if (failed) throw_errno("look at", so_far.string(), failed.value());
    require_trusted_from_root(so_far == whole ? real.parent_path() : real);
  }
}

UniqueFd open_checked_folder(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw_errno("open", path);
  require_trusted(stat_of(folder.get(), path), "folder", path);
  return folder;
}

PluginFile open_checked(const std::string& path) {
  const std::filesystem::path parts(path);
  const UniqueFd folder = open_checked_folder(os::parent_directory(path));
  // O_NONBLOCK: a pipe of that name must not make us wait.
  UniqueFd file(::openat(folder.get(), parts.filename().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) throw_errno("open", path);
  const struct stat found = stat_of(file.get(), path);
  if (!S_ISREG(found.st_mode)) throw Error(ErrorCode::unsupported, "refused: it is not a regular file");
  require_trusted(found, "file", path);
  require_trusted_way(path);
  return {path, std::move(file), id_of(found), {}};
}

ReadAt reader_of(int descriptor) {
  return [descriptor](std::uint64_t offset, MutableByteSpan into) {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto got = ::pread(descriptor, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  };
}

void read_checked_identity(PluginFile& file) {
  static const ElfMachine machine = own_machine();
  file.identity = read_identity(reader_of(file.descriptor.get()), file.id.size_bytes, machine);
  require_abi(file.identity);
}

}  // namespace

bool is_type_name(const std::string& text) noexcept {
  constexpr std::size_t kLengthMax = 64;
  return !text.empty() && text.size() <= kLengthMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::vector<std::string> search_path(const std::vector<std::string>& configured) {
  std::vector<std::string> folders = configured;
  // A program with more rights than its caller must not run code of the caller's choice.
  const char* from_environment = ::getauxval(AT_SECURE) == 0 ? std::getenv("LSHOST_PLUGIN_PATH") : nullptr;
  if (from_environment != nullptr) {
    for (auto& folder : split_path(from_environment)) folders.push_back(std::move(folder));
  }
  if (auto own = own_folder(); !own.empty()) folders.push_back(std::move(own));
  return folders;
}

PluginFile open_plugin_file(const std::string& path) {
  return with_context(path, [&] {
    PluginFile file = open_checked(path);
    with_context("refused", [&] { read_checked_identity(file); });
    return file;
  });
}

std::optional<FileId> file_id(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return id_of(found);
}

std::optional<std::string> find_plugin_file(const std::vector<std::string>& folders, const std::string& type) {
  for (const std::string& folder : folders) {
    std::string path = folder + "/" + file_name(type);
    struct stat found{};
    // A link to nowhere counts as found, so that it is reported and not skipped.
    if (::lstat(path.c_str(), &found) == 0) return path;
  }
  return std::nullopt;
}

std::vector<Candidate> find_candidates(const std::vector<std::string>& folders) {
  std::map<std::string, std::string> by_type;
  for (const std::string& folder : folders) {
    std::error_code ignored;  // a folder that is not there has no plugins
    for (std::filesystem::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
      const std::string type = type_of_file_name(entry->path().filename().string());
      if (!type.empty()) by_type.emplace(type, entry->path().string());
    }
  }
  std::vector<Candidate> all;
  all.reserve(by_type.size());
  for (auto& [type, path] : by_type) all.push_back({type, path});
  return all;
}

}  // namespace lshost::plugin
