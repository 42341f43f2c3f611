// lshost databases, generations, snapshots, wal: what replicas hold.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/configured.hpp"
#include "cli/replica_access.hpp"
#include "cli/table.hpp"
#include "os/fs.hpp"
#include "replica/catalog_reader.hpp"

namespace lshost::cli {
namespace {

using replica::Catalog;
using replica::GenerationEntry;
using replica::Item;

struct Options {
  ReplicaQuery query;
  bool json = false;
};

std::vector<Cell> name_cells(const NamedReplica& replica) {
  return {text_cell(replica.database), text_cell(replica.config.name)};
}

Cell place_cell(db::IndexOffset place) { return text_cell(fmt::format("{:08x}:{:016x}", place.index, place.offset)); }

/// When the live database last changed, by its log; 0: not known. A look at the name only: nothing is opened.
UnixNanos last_change(const NamedReplica& replica) {
  if (replica.database_path.empty()) return 0;
  const auto wal = os::posix_fs().stat("listings.stat", replica.database_path + "-wal");
  return wal && wal->size_bytes > 0 ? wal->modified_ns : 0;
}

Cell lag_cell(const NamedReplica& replica, UnixNanos last_ns) {
  const UnixNanos changed_ns = last_change(replica);
  if (changed_ns == 0 || last_ns == 0) return missing_cell();
  const double seconds = static_cast<double>(std::max<std::int64_t>(0, changed_ns - last_ns)) / 1e9;
  return {seconds, fmt::format("{:.1f} s", seconds)};
}

std::uint64_t size_of(const GenerationEntry& generation) {
  std::uint64_t bytes = 0;
  for (const Item& item : generation.snapshots) bytes += item.size_bytes;
  for (const auto& index : generation.indexes) {
    for (const Item& item : index.items) bytes += item.size_bytes;
  }
  return bytes;
}

/// How much of a generation a restore can reach from its newest snapshot.
std::string state_of(const GenerationEntry& generation) {
  if (generation.is_empty()) return "empty";
  if (generation.snapshots.empty()) return "no snapshot";
  const auto reach = replica::reach_from(generation, generation.snapshots.back());
  if (!reach.missing) return "whole";
  return fmt::format("wal from {:08x}:{:016x} is missing", reach.missing->index, reach.missing->offset);
}

// One function a listing: adds the rows of one replica.

void add_database(Table& table, const NamedReplica& replica, const Catalog& catalog) {
  auto cells = name_cells(replica);
  cells.push_back(text_cell(replica.config.type));
  const auto is_filled = [](const GenerationEntry& generation) { return !generation.is_empty(); };
  const auto count = std::count_if(catalog.generations.begin(), catalog.generations.end(), is_filled);
  cells.push_back({count, fmt::format("{}", count)});
  const auto newest = std::find_if(catalog.generations.rbegin(), catalog.generations.rend(), is_filled);
  if (newest == catalog.generations.rend()) {
    for (int i = 0; i < 4; ++i) cells.push_back(missing_cell());
  } else {
    cells.push_back(text_cell(newest->name));
    cells.push_back(place_cell(newest->end()));
    cells.push_back(time_cell(newest->last_ns));
    cells.push_back(lag_cell(replica, newest->last_ns));
  }
  table.add(std::move(cells));
}

void add_generations(Table& table, const NamedReplica& replica, const Catalog& catalog) {
  for (const GenerationEntry& generation : catalog.generations) {
    auto cells = name_cells(replica);
    cells.push_back(text_cell(generation.name));
    cells.push_back({generation.snapshots.size(), fmt::format("{}", generation.snapshots.size())});
    cells.push_back({generation.indexes.size(), fmt::format("{}", generation.indexes.size())});
    cells.push_back(size_cell(size_of(generation)));
    cells.push_back(generation.is_empty() ? missing_cell() : place_cell(generation.end()));
    cells.push_back(time_cell(generation.first_ns));
    cells.push_back(time_cell(generation.last_ns));
    cells.push_back(lag_cell(replica, generation.last_ns));
    cells.push_back(text_cell(state_of(generation)));
    table.add(std::move(cells));
  }
}

std::vector<Cell> item_cells(const NamedReplica& replica, const Item& item) {
  auto cells = name_cells(replica);
  cells.push_back(text_cell(item.position.generation));
  cells.push_back({item.position.index, fmt::format("{:08x}", item.position.index)});
  cells.push_back({item.position.offset, fmt::format("{:016x}", item.position.offset)});
  cells.push_back(size_cell(item.size_bytes));
  cells.push_back(time_cell(item.created_ns));
  return cells;
}

void add_snapshots(Table& table, const NamedReplica& replica, const Catalog& catalog) {
  for (const GenerationEntry& generation : catalog.generations) {
    for (const Item& item : generation.snapshots) table.add(item_cells(replica, item));
  }
}

void add_wal(Table& table, const NamedReplica& replica, const Catalog& catalog) {
  for (const GenerationEntry& generation : catalog.generations) {
    for (const auto& index : generation.indexes) {
      for (const Item& item : index.items) {
        auto cells = item_cells(replica, item);
        cells.push_back(time_cell(item.updated_ns));
        cells.push_back({item.index_complete, item.index_complete ? "yes" : "no"});
        table.add(std::move(cells));
      }
    }
  }
}

struct Listing {
  const char* name;
  const char* summary;
  void (*add)(Table&, const NamedReplica&, const Catalog&);
  std::vector<Column> columns;
};

const Column kDatabase{"database", "DATABASE"};
const Column kReplica{"replica", "REPLICA"};
const Column kGeneration{"generation", "GENERATION"};
const Column kIndex{"index", "INDEX"};
const Column kOffset{"offset", "OFFSET"};
const Column kEnd{"end", "END"};
const Column kSize{"size_bytes", "SIZE", true};
const Column kCreated{"created", "CREATED"};
const Column kUpdated{"updated", "UPDATED"};
const Column kLag{"lag_seconds", "LAG", true};

const std::vector<Listing>& listings() {
  static const std::vector<Listing> all = {
      {"databases",
       "list databases and how far each replica is",
       add_database,
       {kDatabase,
        kReplica,
        {"type", "TYPE"},
        {"generations", "GENERATIONS", true},
        kGeneration,
        kEnd,
        kUpdated,
        kLag}},
      {"generations",
       "list the generations that replicas hold, and whether they can be restored",
       add_generations,
       {kDatabase,
        kReplica,
        kGeneration,
        {"snapshots", "SNAPSHOTS", true},
        {"indexes", "INDEXES", true},
        kSize,
        kEnd,
        kCreated,
        kUpdated,
        kLag,
        {"state", "STATE"}}},
      {"snapshots",
       "list the snapshots that replicas hold",
       add_snapshots,
       {kDatabase, kReplica, kGeneration, kIndex, kOffset, kSize, kCreated}},
      {"wal",
       "list the WAL that replicas hold",
       add_wal,
       {kDatabase, kReplica, kGeneration, kIndex, kOffset, kSize, kCreated, kUpdated, {"complete", "COMPLETE"}}},
  };
  return all;
}

int list(const Listing& listing, const Options& options) {
  const auto access = ReplicaAccess::find(options.query);
  if (!access) return kWrongUsage;
  Table table(listing.columns);
  int code = kDone;
  for (const NamedReplica& replica : access->replicas()) {
    try {
      listing.add(table, replica, replica::read_catalog(*access->open(replica)));
    } catch (const Error& e) {
      table.add_error(name_cells(replica), e.what());
      code = kFailed;
    }
  }
  table.print(options.json);
  return code;
}

}  // namespace

void add_listings(CommandLine& line) {
  for (const Listing& listing : listings()) {
    const auto command = line.top().add_command(listing.name, listing.summary);
    const auto options = std::make_shared<Options>();
    command.add_option(
        "database", options->query.database,
        "a database of the configuration, or the URL of a replica: file:///folder, s3://bucket/prefix, ...; "
        "all if not given");
    add_config_option(command, options->query.config_file);
    command.add_option("--replica", options->query.replica, "only the replica of this name");
    command.add_flag("--json", options->json, "print as JSON");
    command.run([options, &listing] { return list(listing, *options); });
  }
}

}  // namespace lshost::cli
