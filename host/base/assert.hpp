#pragma once
// Beliefs about our own code, checked in every build. Never for input: bytes from a disk, a
// destination, a configuration or a plugin get an Error.

namespace lshost {

/// Prints the belief and where it failed to standard error, and aborts.
[[noreturn]] void assert_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace lshost

#define LSHOST_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::lshost::assert_failed(#expression, __FILE__, __LINE__))
