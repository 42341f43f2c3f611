#include "replica/publish_database.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>

#include "base/error.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/database_user.hpp"

namespace lshost::replica {
namespace {

constexpr std::array<const char*, 3> kSidecars = {"-wal", "-journal", "-shm"};

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid, message); }

/// Makes the old database complete without its log. Failing is no failure: see the header.
void bring_to_rest(const std::string& database) {
  try {
    auto connection = sqlite::Connection::open(database);
    connection.read_once();
    connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const Error&) {
  }
}

bool has_content(os::Fs& fs, const std::string& path) {
  const auto stat = fs.stat("restore.stat", path);
  return stat && stat->size_bytes > 0;
}

/// Whoever placed a link where we are to write wants us to change, or to read, something else.
void refuse_link(const std::string& output) {
  std::error_code ignored;
  if (!std::filesystem::is_symlink(std::filesystem::symlink_status(output, ignored))) return;
  refuse(fmt::format("{} is a symbolic link, to {}; hint: pass the file that is meant as --output.", output,
                     std::filesystem::read_symlink(output, ignored).string()));
}

/// SQLite believes the log that lies beside a database. One of a stranger, placed there since the old ones were
/// removed, would change what the restored database says.
void refuse_strangers_sidecars(const std::string& output) {
  struct stat database{};
  if (::lstat(output.c_str(), &database) != 0) return;
  for (const char* sidecar : kSidecars) {
    struct stat found{};
    if (::lstat((output + sidecar).c_str(), &found) != 0) continue;
    const bool is_known = found.st_uid == 0 || found.st_uid == ::geteuid() || found.st_uid == database.st_uid;
    if (is_known && !S_ISLNK(found.st_mode)) continue;
    throw Error(ErrorCode::denied,
                fmt::format("{}{} appeared while the database got its name, and is not its owner's; hint: do not open "
                            "the database; restore into a folder that nobody else can write to.",
                            output, sidecar));
  }
}

}  // namespace

void check_output(os::Fs& fs, const std::string& output, bool force) {
  const std::string directory = os::parent_directory(output);
  const auto folder = fs.stat("restore.stat", directory);
  if (!folder || !folder->is_directory) {
    refuse(fmt::format("there is no folder {}; hint: create it with the owner and mode that the application needs.",
                       directory));
  }
  refuse_link(output);
  const auto existing = fs.stat("restore.stat", output);
  if (existing && !existing->is_regular) refuse(output + " exists and is not a file");
  if (existing && !force) {
    refuse(output + " exists; hint: pass another --output, move it away, or replace it with --force.");
  }
  for (const char* sidecar : {"-wal", "-journal"}) {
    if (force || !has_content(fs, output + sidecar)) continue;
    refuse(fmt::format("{}{} exists without its database; hint: move it away, or remove it with --force.", output,
                       sidecar));
  }
  if (const std::string user = sqlite::find_database_user(output); !user.empty()) {
    refuse(
        fmt::format("{} is open in {}; hint: stop what uses it, lshost too, or pass another --output.", output, user));
  }
}

void publish_database(os::Fs& fs, const std::string& restored, const std::string& output, bool force) {
  check_output(fs, output, force);  // again: restoring took a while
  if (fs.stat("restore.stat", output)) bring_to_rest(output);
  for (const char* sidecar : kSidecars) fs.remove("restore.remove-old", output + sidecar);
  const std::string directory = os::parent_directory(output);
  fs.sync_directory("restore.sync-old", directory);
  fs.rename("restore.publish", restored, output);
  refuse_strangers_sidecars(output);
  fs.sync_directory("restore.sync-new", directory);
}

}  // namespace lshost::replica
