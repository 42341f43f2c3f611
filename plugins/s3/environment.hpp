#pragma once
// The environment variables that mean something to this plugin, read once: a process that changes its environment while
// threads look at it has undefined behaviour.

#include <map>
#include <string>

namespace lshost::s3 {

using Environment = std::map<std::string, std::string>;

/// Those of the process. Empty ones count as not set.
[[nodiscard]] Environment process_environment();

/// "": not set.
[[nodiscard]] std::string get(const Environment& environment, const std::string& name);

}  // namespace lshost::s3
