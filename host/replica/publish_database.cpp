#include "replica/publish_database.hpp"

#include <fmt/format.h>

#include <array>
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

}  // namespace

void check_output(os::Fs& fs, const std::string& output, bool force) {
  const std::string directory = os::parent_directory(output);
  const auto folder = fs.stat("restore.stat", directory);
  if (!folder || !folder->is_directory) {
    refuse(fmt::format("there is no folder {}; hint: create it with the owner and mode that the application needs.",
                       directory));
  }
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
  fs.sync_directory("restore.sync-new", directory);
}

}  // namespace lshost::replica
