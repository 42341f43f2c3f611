#include "cli/process.hpp"

#include <cstdio>
#include <cstdlib>

#include "obs/log_line.hpp"
#include "os/limits.hpp"

namespace lshost::cli {

void prepare_process() noexcept {
  if (std::getenv("LSHOST_CORE_DUMPS") == nullptr) os::forbid_core_dumps();
}

void print_failure(std::string_view sentence) {
  std::fprintf(stderr, "lshost: %s\n", obs::printable(sentence).c_str());
}

}  // namespace lshost::cli
