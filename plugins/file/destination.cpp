#include "destination.hpp"

#include <algorithm>

#include "stored_wal.hpp"

namespace lshost::file {
namespace {

constexpr std::size_t kInfoSizeMax = 4096;

std::vector<std::uint64_t> indexes(const std::vector<std::string>& names, Kind kind) {
  std::vector<std::uint64_t> found;
  for (const auto& name : names) {
    if (const auto index = parse_file_name(kind, name)) found.push_back(*index);
  }
  return found;
}

std::string as_text(const std::vector<std::byte>& bytes) {
  std::string text(bytes.size(), '\0');
  std::transform(bytes.begin(), bytes.end(), text.begin(), [](std::byte b) { return static_cast<char>(b); });
  return text;
}

}  // namespace

std::vector<std::string> Destination::generations() const {
  auto names = disk_->list(layout_.generations());
  std::erase_if(names, [](const std::string& name) { return !is_generation(name); });
  return names;
}

std::optional<SnapshotInfo> Destination::snapshot(const std::string& generation, std::uint64_t index) const {
  const auto image = disk_->facts(layout_.file(Kind::snapshot, generation, index));
  const auto text = disk_->read(layout_.file(Kind::info, generation, index), kInfoSizeMax);
  if (!image || !text) return std::nullopt;
  auto info = parse_snapshot_info(as_text(*text));
  if (!info || info->generation != generation || info->index != index) return std::nullopt;
  if (!image->is_regular || image->size_bytes != info->size_bytes) return std::nullopt;
  return info;
}

Inventory Destination::inventory(const std::string& generation) const {
  Inventory found;
  for (const auto index : indexes(disk_->list(layout_.snapshots(generation)), Kind::snapshot)) {
    if (auto info = snapshot(generation, index)) {
      found.snapshots.push_back(std::move(*info));
    } else {
      found.oddities.push_back(layout_.file(Kind::snapshot, generation, index) +
                               " does not have the size that its .info file says, or that file is missing or damaged");
    }
  }
  found.wals = indexes(disk_->list(layout_.wals(generation)), Kind::wal);
  return found;
}

std::string Destination::gap(const SnapshotInfo& from, std::uint64_t to) const {
  for (std::uint64_t index = from.index; index < to; ++index) {
    const auto stored = look_at_wal(*disk_, layout_, from.generation, index);
    const std::string path = layout_.file(Kind::wal, from.generation, index);
    if (!stored) return path + " is missing";
    if (!stored->damage.empty()) return stored->damage;
    if (!stored->complete) {
      return path + ": the WAL from " + print(from.generation, index, stored->end) + " on is missing";
    }
  }
  return {};
}

void Destination::prepare(const std::string& generation) const {
  (void)disk_->make_folders(layout_.snapshots(generation));
  (void)disk_->make_folders(layout_.wals(generation));
  disk_->sync_path(layout_.wals(generation));
}

std::size_t Destination::remove_unfinished() const {
  std::size_t removed = 0;
  for (const auto& generation : generations()) {
    for (const auto& folder : {layout_.snapshots(generation), layout_.wals(generation)}) {
      for (const auto& name : disk_->list(folder)) {
        if (!is_unfinished(name)) continue;
        const std::string path = folder + "/" + name;
        const auto file = disk_->open_append(path);
        if (!file || !file->lock()) continue;  // another host is at work in a generation of its own
        disk_->remove(path);
        ++removed;
      }
    }
  }
  return removed;
}

void Destination::set_aside(const std::string& path) const {
  if (disk_->facts(path)) disk_->rename(path, path + ".damaged");
}

void Destination::set_aside_wal(const std::string& generation, std::uint64_t index) const {
  set_aside(layout_.file(Kind::wal, generation, index));
  set_aside(layout_.file(Kind::commits, generation, index));
  disk_->sync_folder(layout_.wals(generation));
}

void Destination::set_aside_snapshot(const std::string& generation, std::uint64_t index) const {
  set_aside(layout_.file(Kind::snapshot, generation, index));
  set_aside(layout_.file(Kind::info, generation, index));
  disk_->sync_folder(layout_.snapshots(generation));
}

}  // namespace lshost::file
