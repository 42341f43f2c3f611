#pragma once
// A replica's keys as its plugin asks for them: by type, with mistakes that say where they are.

#include <lshost/host.h>

#include <set>
#include <string>

#include "base/mutex.hpp"
#include "config/config.hpp"

namespace lshost::plugin {

/// Values point into the configuration it was made with, which must outlive it and not change. Thread-safe.
class ConfigAccess {
 public:
  /// `file`: as messages name it; "" where the values come from no file.
  ConfigAccess(const config::ReplicaConfig& replica, std::string file);

  /// lshost_host.config_get. nullptr-safe. Returns LSHOST_OK or LSHOST_E_NOT_FOUND; throws Error{invalid} with
  /// file:line:column where the value is of another type.
  [[nodiscard]] std::int32_t get(const char* key, std::int32_t index, std::int32_t type, lshost_value& out)
      LSHOST_EXCLUDES(mutex_);

  /// Throws Error{invalid} that names every key that get() was never asked for.
  void require_all_known() LSHOST_EXCLUDES(mutex_);

  /// "replicas.toml:12:3: ", or "".
  [[nodiscard]] std::string prefix(const config::Location& where) const;

 private:
  const config::ReplicaConfig& replica_;
  const std::string file_;
  Mutex mutex_;
  std::set<std::string, std::less<>> asked_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::plugin
