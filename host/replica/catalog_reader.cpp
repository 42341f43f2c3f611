#include "replica/catalog_reader.hpp"

#include <utility>
#include <vector>

#include "base/error.hpp"

namespace lshost::replica {

Catalog read_catalog(Replicator& replicator, const std::optional<std::string>& generation) {
  if (!replicator.can_restore()) {
    throw Error(ErrorCode::unsupported, "a replicator of type " + replicator.type() + " can not list what it holds");
  }
  std::vector<GenerationEntry> entries;
  for (const Item& item : replicator.list(ItemKind::generation, "")) {
    const std::string& name = item.position.generation;
    if (generation && name != *generation) continue;
    // WAL first: a snapshot that appears in between is newer than the WAL listed, never a snapshot without its WAL.
    auto wal = replicator.list(ItemKind::wal, name);
    entries.push_back(make_generation(item, replicator.list(ItemKind::snapshot, name), std::move(wal)));
  }
  return make_catalog(std::move(entries));
}

}  // namespace lshost::replica
