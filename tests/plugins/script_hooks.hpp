#pragma once
// What a test and the scripted plugin share, beside the ABI: handed out as the extension "test.hooks/1".

#include <atomic>

namespace lshost::test {

inline constexpr const char* kScriptHooks = "test.hooks/1";

/// Threads: atomics only.
struct ScriptHooks {
  std::atomic<bool> release{false};       ///< the test lets a stuck plugin go
  std::atomic<int> workers{0};            ///< that run now
  std::atomic<int> rounds{0};             ///< that workers have begun
  std::atomic<int> starts{0};             ///< calls of Start
  std::atomic<int> stops{0};              ///< calls of Stop
  std::atomic<bool> signals_open{false};  ///< a worker could have been interrupted by SIGTERM
};

}  // namespace lshost::test
