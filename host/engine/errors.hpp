#pragma once
// The host's own code under the SDK's roof: the engine is written on lshost/replicator.hpp and throws its errors, while
// the formats that it uses throw the host's. The two classes have one name, so one file only knows both.

#include <utility>

namespace lshost::engine {

/// REQUIRES: called in a catch block. The host's Error goes on as the SDK's with the fitting code; everything else as
/// it is.
[[noreturn]] void rethrow_for_sdk();
/// The same where the configuration is to blame.
[[noreturn]] void rethrow_as_config_error();

/// Runs code that throws the host's errors.
template <class Fn>
decltype(auto) with_host_errors(Fn&& fn) {
  try {
    return std::forward<Fn>(fn)();
  } catch (...) {
    rethrow_for_sdk();
  }
}

}  // namespace lshost::engine
