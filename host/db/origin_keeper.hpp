#pragma once
// Keeps the origin of one database (db/origin.hpp): in memory for its replicas, in a file for the next start.

#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "db/continuity.hpp"
#include "db/meta_dir.hpp"
#include "db/origin.hpp"
#include "db/shadow_catalog.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// Ownership: borrows file system and catalog.
/// Threads:   load(), begin() and add_bridge() from the database's thread; the others from any.
/// Errors:    those of the file system. What could not be stored is known until the next start all the same.
/// Cost:      every change publishes a small file.
class OriginKeeper {
 public:
  OriginKeeper(os::Fs& fs, MetaDir meta, ShadowCatalog& catalog);

  /// Goes on with what the run before stored of `generation`, and stores a new origin where it stored nothing. Not
  /// nullopt: why the generation can not go on: `file` is not the one that it is the history of, or that can not be
  /// read any more.
  [[nodiscard]] std::optional<NewGeneration> load(const std::string& generation, const FileIdentity& file)
      LSHOST_EXCLUDES(mutex_);
  /// A generation begins as the history of `file`.
  void begin(const std::string& generation, const FileIdentity& file) LSHOST_EXCLUDES(mutex_);
  /// A bridge begins at `at`. To be called before anything behind it can reach a replica.
  void add_bridge(const Position& at) LSHOST_EXCLUDES(mutex_);

  /// A replica holds everything up to `position`. False: that is of another history, and the catalog was told so.
  [[nodiscard]] bool is_ours(const std::string& replica, const Position& position) LSHOST_EXCLUDES(mutex_);
  /// A replica begins with an image.
  void begins_anew(const std::string& replica) LSHOST_EXCLUDES(mutex_);

 private:
  void store() LSHOST_REQUIRES(mutex_);

  os::Fs& fs_;
  const MetaDir meta_;
  ShadowCatalog& catalog_;

  Mutex mutex_;
  Origin origin_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::db
