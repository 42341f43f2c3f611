#pragma once
// The names of the local files beside a database, and the lock that keeps a second host away.
//
//   .app.db-lshost/                       0700
//     lock                                held with flock while a host is attached
//     generation                          the current generation, 16 hex digits and a newline
//     stamp                               the database file when it alone was the newest state (db/stamp.hpp)
//     pages, pages.log                    a hash of each page of the database (db/page_map_file.hpp)
//     origin                              which file the database is, and what was bridged (db/origin.hpp)
//     generations/<generation>/wal/
//       <index>.wal                       shadow WAL: a WAL file as SQLite would have written it, committed frames only
//       <index>.times                     when they were committed (db/commit_times.hpp)
//       <index>.live                      where its frames are in the live log, if not at the same place
//       (db/bridge.hpp)
//     replicas/<name>/                    private to that replica's plugin
//     verify/<name>.json                  what the last verifications of that replica came to

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// Names only; touches no disk.
class MetaDir {
 public:
  explicit MetaDir(std::string path) : path_(std::move(path)) {}

  /// ".NAME-lshost" beside the database.
  [[nodiscard]] static std::string default_for(const std::string& database_path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string lock_file() const { return path_ + "/lock"; }
  [[nodiscard]] std::string generation_file() const { return path_ + "/generation"; }
  [[nodiscard]] std::string stamp_file() const { return path_ + "/stamp"; }
  static constexpr const char* kPageMapName = "pages";
  static constexpr const char* kPageLogName = "pages.log";
  [[nodiscard]] std::string page_map_file() const { return path_ + "/" + kPageMapName; }
  [[nodiscard]] std::string page_log_file() const { return path_ + "/" + kPageLogName; }
  static constexpr const char* kOriginName = "origin";
  [[nodiscard]] std::string origin_file() const { return path_ + "/" + kOriginName; }
  [[nodiscard]] std::string generations() const { return path_ + "/generations"; }
  [[nodiscard]] std::string wal_directory(const std::string& generation) const {
    return generations() + "/" + generation + "/wal";
  }
  [[nodiscard]] std::string replica_directory(const std::string& replica) const {
    return path_ + "/replicas/" + replica;
  }

  [[nodiscard]] std::string verify_directory() const { return path_ + "/verify"; }

  [[nodiscard]] static std::string wal_name(std::uint64_t index);
  [[nodiscard]] static std::string times_name(std::uint64_t index);
  [[nodiscard]] static std::string live_name(std::uint64_t index);
  /// The index of a name that wal_name() makes; nullopt for all others.
  [[nodiscard]] static std::optional<std::uint64_t> index_of_wal_name(const std::string& name);

 private:
  std::string path_;
};

/// Makes a metadata directory, 0700, or checks the one that is there: whoever can write to it decides what we believe
/// to have captured, and where we write. Throws Error{denied} if it is a link, another user's, or writable by others.
void prepare(os::Fs& fs, const MetaDir& meta);

/// Takes the lock of a metadata directory, which must exist. nullopt: another host holds it.
/// The lock goes when the descriptor is closed, so also when the process dies.
[[nodiscard]] std::optional<UniqueFd> try_lock(const MetaDir& meta);

}  // namespace lshost::db
