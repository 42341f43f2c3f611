#pragma once
// `lshost plugin check`, run by a test.

#include <set>
#include <string>
#include <vector>

namespace lshost::test {

struct CheckResult {
  int exit_code = 0;
  std::set<std::string> passed;
  std::set<std::string> failed;
  std::set<std::string> skipped;
  std::string reasons;  ///< of all that failed, a line each
  std::string printed;  ///< on standard error
};

/// Runs the suite, or what `arguments` choose of it, and reads its JSON. `plugin`: the path of a .so.
[[nodiscard]] CheckResult check_plugin(const std::string& plugin, const std::vector<std::string>& arguments = {});

}  // namespace lshost::test
