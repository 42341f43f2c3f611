#pragma once
// A restore as `lshost restore` does it, inside this process: many a second.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/position.hpp"
#include "plugin/plugin_registry.hpp"
#include "support/ledger.hpp"

namespace lshost::test {

/// What a restore gave: a checked ledger, or a sentence.
struct RestoreAnswer {
  std::optional<LedgerState> ledger;
  db::Position target;  ///< what the restored database is said to be
  std::string refusal;  ///< "": it was restored

  /// Nothing is wrong with the replica: it holds nothing yet, or its first snapshot is on its way.
  [[nodiscard]] bool is_too_early() const;
};

/// Replicas in folders: of the plugin "file", and of the store "folder" that tests have.
///
/// Threads: one. Errors: a restored database whose ledger is wrong throws std::runtime_error, as verify_ledger does.
/// REQUIRES: no database that is restored here is open elsewhere in this process.
class ReplicaReader {
 public:
  ReplicaReader();

  /// The newest state, or that at a position.
  [[nodiscard]] RestoreAnswer restore(const std::string& type, const std::string& folder,
                                      const std::optional<db::Position>& at = std::nullopt) const;
  /// Positions that can be restored: those of all snapshots, and those in the WAL that a commit time is known of.
  [[nodiscard]] std::vector<db::Position> positions(const std::string& type, const std::string& folder) const;

  /// Positions of snapshots: a restore of one is the image alone, and no WAL can make up for what is wrong in it.
  [[nodiscard]] std::vector<db::Position> snapshots(const std::string& type, const std::string& folder) const;

 private:
  [[nodiscard]] std::unique_ptr<replica::Replicator> open(const std::string& type, const std::string& folder) const;

  std::unique_ptr<plugin::PluginRegistry> plugins_;
};

}  // namespace lshost::test
