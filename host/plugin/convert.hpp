#pragma once
// Values of the C ABI and ours.

#include <lshost/abi.h>
#include <lshost/ext/restore.h>

#include <optional>

#include "db/position.hpp"
#include "plugin/replica_observer.hpp"
#include "replica/replicator.hpp"

namespace lshost::plugin {

[[nodiscard]] lshost_pos to_c(const db::Position& position) noexcept;
[[nodiscard]] db::Position from_c(const lshost_pos& position);

[[nodiscard]] lshost_item to_c(const replica::Item& item) noexcept;
/// nullopt: the plugin listed what can not be (a generation that is none, an unknown kind).
[[nodiscard]] std::optional<replica::Item> from_c(const lshost_item& item);
[[nodiscard]] std::int32_t to_c(replica::ItemKind kind) noexcept;

/// nullopt: a state of a later minor version.
[[nodiscard]] std::optional<ReplicaState> state_from_c(std::int32_t state) noexcept;
[[nodiscard]] Failure failure_from_c(const lshost_error& err);
[[nodiscard]] std::optional<MetricKind> metric_kind_from_c(std::int32_t kind) noexcept;

}  // namespace lshost::plugin
