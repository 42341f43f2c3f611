#include "engine/engine.hpp"

#include <memory>
#include <string>

#include "engine/engine_replicator.hpp"

namespace lshost::engine {

std::int32_t create(const lshost_host& host, lshost_ctx* ctx, const char* type, lshost_store* store,
                    lshost_replicator** out, lshost_error* err) noexcept {
  *out = nullptr;
  return detail::Guard(err, [&] {
    const Context context(&host, ctx);
    auto replicator = std::make_unique<EngineReplicator>(context, type == nullptr ? "" : type, store);
    context.NoOtherKeys();
    *out = detail::ExportReplicator(std::move(replicator));
  });
}

}  // namespace lshost::engine
