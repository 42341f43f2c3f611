#pragma once
// Whether what a plugin calls durable can be.

#include "db/feed.hpp"
#include "db/position.hpp"

namespace lshost::plugin {

/// A promise about something that is not there yet is a mistake of the plugin, and must not free anything. Asked after
/// the report: the tip can only have grown since.
[[nodiscard]] bool is_credible(const db::Feed& feed, const db::Position& position);

}  // namespace lshost::plugin
