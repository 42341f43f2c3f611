#pragma once
// Replica items in one line, for tables of cases.

#include <string>
#include <vector>

#include "replica/catalog.hpp"
#include "replica/replicator.hpp"

namespace lshost::test {

inline const std::string kGenA = "aaaaaaaaaaaaaaaa";
inline const std::string kGenB = "bbbbbbbbbbbbbbbb";
inline const std::string kGenC = "cccccccccccccccc";

inline replica::Item snapshot_item(const std::string& generation, std::uint64_t index, std::uint64_t offset,
                                   UnixNanos created_ns = 0) {
  replica::Item item;
  item.kind = replica::ItemKind::snapshot;
  item.position = {generation, index, offset};
  item.size_bytes = 4096;
  item.created_ns = created_ns;
  return item;
}

struct WalTimes {
  UnixNanos first = 0;
  UnixNanos last = 0;
};

inline replica::Item wal_item(const std::string& generation, std::uint64_t index, std::uint64_t offset,
                              std::uint64_t size, bool complete, WalTimes times = {}) {
  replica::Item item;
  item.kind = replica::ItemKind::wal;
  item.position = {generation, index, offset};
  item.size_bytes = size;
  item.created_ns = times.first;
  item.updated_ns = times.last;
  item.index_complete = complete;
  return item;
}

inline replica::GenerationEntry generation_of(const std::string& name, std::vector<replica::Item> snapshots,
                                              std::vector<replica::Item> wal) {
  replica::Item item;
  item.position.generation = name;
  return replica::make_generation(item, std::move(snapshots), std::move(wal));
}

}  // namespace lshost::test
