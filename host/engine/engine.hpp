#pragma once
// The service that makes a complete replicator of a store of named objects: lshost.host.engine/1.

#include <lshost/ext/config_schema.h>
#include <lshost/ext/store.h>

#include <cstdint>

namespace lshost::engine {

/// lshost_engine.create for a host whose functions are `host`.
[[nodiscard]] std::int32_t create(const lshost_host& host, lshost_ctx* ctx, const char* type, lshost_store* store,
                                  lshost_replicator** out, lshost_error* err) noexcept;

/// The keys that the engine knows beside the plugin's. Static.
[[nodiscard]] const lshost_config_schema& engine_keys();

}  // namespace lshost::engine
