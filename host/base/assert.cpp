#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace lshost {

void assert_failed(const char* expression, const char* file, int line) noexcept {
  (void)std::fprintf(stderr, "lshost: %s:%d: this must be true and is not: %s\n", file, line, expression);
  std::abort();
}

}  // namespace lshost
