#pragma once
// The folder as a whole: what lies there for one generation, and keeping it in order.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "disk.hpp"
#include "layout.hpp"
#include "snapshot_info.hpp"

namespace lshost::file {

/// What a generation at the destination has. Names and small files only; nothing large is read.
struct Inventory {
  std::vector<SnapshotInfo> snapshots;  ///< that can be restored, by index; the image has the size it must have
  std::vector<std::uint64_t> wals;      ///< the indexes that have a WAL file, in order
  std::vector<std::string> oddities;    ///< a sentence for each thing of ours that can not be used
};

/// Threads: any; it has no state. Errors: Error.
class Destination {
 public:
  Destination(const Disk& disk, Layout layout) : disk_(&disk), layout_(std::move(layout)) {}

  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
  [[nodiscard]] const Disk& disk() const noexcept { return *disk_; }

  /// The names of all generations, sorted.
  [[nodiscard]] std::vector<std::string> generations() const;
  [[nodiscard]] Inventory inventory(const std::string& generation) const;
  /// The description of one snapshot; nullopt: there is no such snapshot, or it can not be used.
  [[nodiscard]] std::optional<SnapshotInfo> snapshot(const std::string& generation, std::uint64_t index) const;

  /// Why the WAL does not lead without a gap from `from` to the beginning of index `to`; "" if it does.
  [[nodiscard]] std::string gap(const SnapshotInfo& from, std::uint64_t to) const;

  /// Makes the folders of a generation.
  void prepare(const std::string& generation) const;
  /// Removes the unfinished files of all generations whose writer is gone; returns how many.
  std::size_t remove_unfinished() const;
  /// Takes the WAL of an index out of the replica: its files get ".damaged" behind their names.
  void set_aside_wal(const std::string& generation, std::uint64_t index) const;
  /// Takes a snapshot out of the replica.
  void set_aside_snapshot(const std::string& generation, std::uint64_t index) const;

 private:
  void set_aside(const std::string& path) const;

  const Disk* disk_;
  Layout layout_;
};

}  // namespace lshost::file
