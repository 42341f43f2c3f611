#include "restore.hpp"

#include <algorithm>

#include "stored_wal.hpp"
#include "xxh3.hpp"

namespace lshost::file {
namespace {

Error removed(const std::string& path) {
  return {LSHOST_E_NOT_FOUND, path + " is not there; it was removed after it was listed", 0};
}

// ---- listing ----

Item snapshot_item(const SnapshotInfo& info) {
  Item item;
  item.kind = ItemKind::Snapshot;
  item.position = {info.generation, info.index, info.offset};
  item.size = info.size_bytes;
  item.created_ns = info.created_ns;
  return item;
}

Item wal_item(const std::string& generation, std::uint64_t index, const StoredWal& stored) {
  Item item;
  item.kind = ItemKind::Wal;
  item.position = {generation, index, 0};
  item.size = stored.end;
  item.index_complete = stored.complete;
  if (!stored.commits.empty()) {
    item.created_ns = stored.commits.front().commit_ns;
    item.updated_ns = stored.commits.back().commit_ns;
  }
  return item;
}

Item generation_item(const Destination& destination, const std::string& generation) {
  const Inventory found = destination.inventory(generation);
  Item item;
  item.kind = ItemKind::Generation;
  item.position.generation = generation;
  if (!found.snapshots.empty()) {
    item.position = {generation, found.snapshots.front().index, found.snapshots.front().offset};
    item.created_ns = found.snapshots.front().created_ns;
    item.updated_ns = found.snapshots.back().created_ns;
  }
  if (!found.wals.empty()) {
    const auto stored = look_at_wal(destination.disk(), destination.layout(), generation, found.wals.back());
    if (stored && !stored->commits.empty()) {
      item.updated_ns = std::max(item.updated_ns, stored->commits.back().commit_ns);
    }
  }
  return item;
}

// ---- reading ----

/// A snapshot, proven while it is read.
class SnapshotSource final : public Source {
 public:
  SnapshotSource(InFile file, const SnapshotInfo& info) : file_(std::move(file)), info_(info) {
    file_.expect_sequential_reads();
  }

  std::size_t Read(std::span<std::byte> into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), info_.size_bytes - done_));
    const std::size_t count = file_.read_at(done_, into.first(want));
    if (count < want) {
      throw Error::Corrupt(file_.path() + " is cut: it ends at byte " + std::to_string(done_ + count) + " of " +
                           std::to_string(info_.size_bytes));
    }
    hash_.update(into.first(count));
    done_ += count;
    if (count > 0 && done_ == info_.size_bytes && hash_.value() != info_.xxh3) {
      throw Error::Corrupt(file_.path() + " is damaged: its checksum is not the one that its .info file says");
    }
    return count;
  }

 private:
  InFile file_;
  SnapshotInfo info_;
  Xxh3Stream hash_;
  std::uint64_t done_ = 0;
};

/// A run of a WAL file.
class WalSource final : public Source {
 public:
  WalSource(InFile file, std::uint64_t offset, std::uint64_t size)
      : file_(std::move(file)), offset_(offset), end_(offset + size) {
    file_.expect_sequential_reads();
  }

  std::size_t Read(std::span<std::byte> into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - offset_));
    const std::size_t count = file_.read_at(offset_, into.first(want));
    if (count < want) throw Error::Corrupt(file_.path() + " became shorter while it was read");
    offset_ += count;
    return count;
  }

  std::optional<FileRange> File() override { return FileRange{file_.descriptor(), offset_, end_ - offset_}; }

 private:
  InFile file_;
  std::uint64_t offset_;
  std::uint64_t end_;
};

std::unique_ptr<Source> open_snapshot(const Destination& destination, const Item& item) {
  const std::string path = destination.layout().file(Kind::snapshot, item.position.generation, item.position.index);
  auto file = destination.disk().open_read(path);
  if (!file) throw removed(path);
  const auto info = destination.snapshot(item.position.generation, item.position.index);
  if (!info)
    throw Error::Corrupt(path + " does not have the size that its .info file says, or that file is missing or damaged");
  if (info->offset != item.position.offset || info->size_bytes != item.size) throw removed(path);
  return std::make_unique<SnapshotSource>(std::move(*file), *info);
}

std::unique_ptr<Source> open_wal(const Destination& destination, const Item& item) {
  const auto& [generation, index, offset] = item.position;
  const std::string path = destination.layout().file(Kind::wal, generation, index);
  const auto stored = look_at_wal(destination.disk(), destination.layout(), generation, index);
  if (!stored) throw removed(path);
  if (!stored->damage.empty()) throw Error::Corrupt(stored->damage);
  if (offset > stored->end || item.size > stored->end - offset) {
    throw Error::Corrupt(path + ": the WAL from " + print(generation, index, stored->end) + " to " +
                         print(generation, index, offset + item.size) + " is missing");
  }
  auto file = destination.disk().open_read(path);
  if (!file) throw removed(path);
  return std::make_unique<WalSource>(std::move(*file), offset, item.size);
}

}  // namespace

void list(const Destination& destination, ItemKind kind, const std::string& generation,
          const Restorable::EachItem& each) {
  if (kind == ItemKind::Generation) {
    for (const auto& name : destination.generations()) each(generation_item(destination, name));
    return;
  }
  if (!is_generation(generation)) return;  // we never made one of that name
  const Inventory found = destination.inventory(generation);
  if (kind == ItemKind::Snapshot) {
    for (const auto& info : found.snapshots) each(snapshot_item(info));
    return;
  }
  for (const auto index : found.wals) {
    const auto stored = look_at_wal(destination.disk(), destination.layout(), generation, index);
    if (stored && stored->end > 0) each(wal_item(generation, index, *stored));
  }
}

std::unique_ptr<Source> open(const Destination& destination, const Item& item) {
  if (!is_generation(item.position.generation) || item.kind == ItemKind::Generation) {
    throw Error(LSHOST_E_INVALID, "only a snapshot or the WAL of a listed generation can be opened");
  }
  return item.kind == ItemKind::Snapshot ? open_snapshot(destination, item) : open_wal(destination, item);
}

void commit_times(const Destination& destination, const Item& item, const Restorable::EachTime& each) {
  const auto& [generation, index, offset] = item.position;
  if (!is_generation(generation)) return;
  const auto stored = look_at_wal(destination.disk(), destination.layout(), generation, index);
  if (!stored) throw removed(destination.layout().file(Kind::wal, generation, index));
  for (const auto& commit : stored->commits) {
    if (commit.end_offset > offset && commit.end_offset <= offset + item.size)
      each(commit.end_offset, commit.commit_ns);
  }
}

}  // namespace lshost::file
