#include "plugin/credible_position.hpp"

namespace lshost::plugin {

bool is_credible(const db::Feed& feed, const db::Position& position) {
  if (!db::is_generation(position.generation)) return false;
  const auto status = feed.status();
  if (!status || status->tip.generation != position.generation) return true;  // of a generation that has ended
  return db::order(position, status->tip) <= 0;
}

}  // namespace lshost::plugin
