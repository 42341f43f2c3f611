#pragma once
// What a running host answers to `lshost status`, `lshost reload` and `lshost verify`, as JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "daemon/host_status.hpp"
#include "daemon/reload.hpp"
#include "daemon/verifier.hpp"

namespace lshost::daemon {

/// One moment of a host.
struct HostReport {
  std::string version;
  std::string config_file;  ///< absolute, if it can be told
  int pid = 0;
  UnixNanos started_ns = 0;
  UnixNanos now_ns = 0;
  std::vector<DatabaseReport> databases;
  std::vector<plugin::PluginChange> replaced;
};

/// Times as RFC 3339, what is not known as null; docs/OPERATIONS.md has the members.
[[nodiscard]] nlohmann::ordered_json to_json(const HostReport& report);
[[nodiscard]] nlohmann::ordered_json to_json(const ReloadReport& report);
/// `pid`: of the host that verified.
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<VerifyAnswer>& answers, int pid);

}  // namespace lshost::daemon
