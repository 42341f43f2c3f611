#include "file/replica.hpp"

#include <algorithm>
#include <filesystem>

#include "layout.hpp"

namespace lshost::test {

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

/// Puts a log beside a database and lets SQLite move it there.
void apply(const std::string& database) {
  AppConnection connection(database);
  if (connection.query("PRAGMA wal_checkpoint(TRUNCATE)") != "0") throw std::runtime_error("checkpoint is busy");
}

Bytes checked(const std::string& database) {
  {
    AppConnection connection(database);
    if (connection.query("PRAGMA integrity_check") != "ok") throw std::runtime_error("integrity_check");
  }
  return file_bytes(database);
}

void write_text(const std::string& path, const std::string& text) { write_file(path, std::as_bytes(std::span(text))); }

}  // namespace

Bytes restore_by_extension(file::FileReplicator& replicator, const std::string& generation) {
  const auto snapshots = items(replicator, ItemKind::Snapshot, generation);
  if (snapshots.empty()) throw std::runtime_error("no snapshot is listed in generation " + generation);
  const TempDir scratch;
  const std::string database = scratch / "app.db";
  write_text(database, content(replicator, snapshots.back()));
  std::uint64_t next = snapshots.back().position.index;
  bool complete = true;
  for (const auto& item : items(replicator, ItemKind::Wal, generation)) {
    if (item.position.index < next) continue;
    if (!complete || item.position.index != next) throw std::runtime_error("gap before " + item.position.ToString());
    write_text(database + "-wal", content(replicator, item));
    apply(database);
    complete = item.index_complete;
    ++next;
  }
  return checked(database);
}

Bytes restore_by_hand(const std::string& root, const std::string& generation) {
  const TempDir scratch;
  const file::Layout layout(root);
  std::optional<std::uint64_t> newest;
  for (const auto& name : names_in(layout.snapshots(generation))) {
    if (const auto index = file::parse_file_name(file::Kind::snapshot, name)) newest = index;
  }
  if (!newest) throw std::runtime_error("no snapshot in generation " + generation);

  const std::string database = scratch / "app.db";
  std::filesystem::copy_file(layout.file(file::Kind::snapshot, generation, *newest), database);
  for (std::uint64_t index = *newest;; ++index) {
    const std::string wal = layout.file(file::Kind::wal, generation, index);
    if (!std::filesystem::exists(wal)) break;
    std::filesystem::copy_file(wal, database + "-wal");
    apply(database);
  }
  return checked(database);
}

std::vector<Item> items(file::FileReplicator& replicator, ItemKind kind, const std::string& generation) {
  std::vector<Item> all;
  replicator.List(kind, generation, [&](const Item& item) { all.push_back(item); });
  return all;
}

std::string content(file::FileReplicator& replicator, const Item& item) { return replicator.Open(item)->ReadAll(); }

void damage(const std::string& path, std::uint64_t offset) {
  Bytes bytes = file_bytes(path);
  bytes.at(offset) ^= std::byte{1};
  write_file(path, bytes);
}

}  // namespace lshost::test
