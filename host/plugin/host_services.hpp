#pragma once
// The host's functions that a plugin may call, as the C table.

#include <lshost/host.h>

namespace lshost::plugin {

/// Static; one for all replicas. Every function takes the handle() of a ReplicaContext, runs on any thread, throws
/// nothing, and accepts err == nullptr.
[[nodiscard]] const lshost_host& host_services() noexcept;

}  // namespace lshost::plugin
