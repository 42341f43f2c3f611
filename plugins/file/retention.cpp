#include "retention.hpp"

namespace lshost::file {
namespace {

/// The file that makes the item visible goes first; what describes it follows when that is certain.
void remove_pair(const Destination& destination, Kind visible, Kind description, const Position& at) {
  const Disk& disk = destination.disk();
  const Layout& layout = destination.layout();
  const std::string folder = layout.folder(visible, at.generation);
  if (!disk.is_real_folder(layout.generation(at.generation)) || !disk.is_real_folder(folder)) return;
  disk.remove(layout.file(visible, at.generation, at.index));
  disk.sync_folder(folder);
  disk.remove(layout.file(description, at.generation, at.index));
}

void remove_generation(const Destination& destination, const std::string& generation) {
  const std::string folder = destination.layout().generation(generation);
  if (!destination.disk().is_real_folder(destination.layout().generations())) return;
  destination.disk().remove_tree(folder);
  destination.disk().sync_folder(destination.layout().generations());
}

}  // namespace

void remove(const Destination& destination, std::span<const Item> items) {
  for (const auto& item : items) {
    if (!is_generation(item.position.generation)) {
      throw Error(LSHOST_E_INVALID, "'" + item.position.generation + "' is no generation");
    }
    switch (item.kind) {
      case ItemKind::Snapshot:
        remove_pair(destination, Kind::snapshot, Kind::info, item.position);
        break;
      case ItemKind::Wal:
        remove_pair(destination, Kind::wal, Kind::commits, item.position);
        break;
      case ItemKind::Generation:
        remove_generation(destination, item.position.generation);
        break;
    }
  }
}

}  // namespace lshost::file
