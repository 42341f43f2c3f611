#include "support/replica_reader.hpp"

#include <utility>

#include "base/error.hpp"
#include "os/fs.hpp"
#include "replica/catalog_reader.hpp"
#include "replica/restore_plan.hpp"
#include "replica/restore_progress.hpp"
#include "replica/restorer.hpp"
#include "support/quick_dir.hpp"

namespace lshost::test {
namespace {

config::ReplicaConfig config_of(const std::string& type, const std::string& folder) {
  config::ReplicaConfig config;
  config.type = config.name = type;
  config.entries.push_back({"path", config::Value{folder}});
  return config;
}

replica::PlanResult plan(replica::Replicator& replicator, const std::optional<db::Position>& at) {
  replica::RestoreRequest request;
  if (at) {
    request.target = replica::PositionTarget{{at->index, at->offset}};
    request.generation = at->generation;
  }
  const auto catalog = replica::read_catalog(replicator);
  const auto commit_times = [&](const replica::Item& item) { return replicator.commit_times(item); };
  return replica::plan_restore(catalog, request, commit_times);
}

}  // namespace

bool RestoreAnswer::is_too_early() const {
  return refusal.find("holds no data yet") != std::string::npos ||
         refusal.find("has WAL but no snapshot") != std::string::npos;
}

ReplicaReader::ReplicaReader()
    : plugins_(std::make_unique<plugin::PluginRegistry>(
          std::vector<std::string>{LSHOST_TEST_PLUGINS, LSHOST_TEST_PLUGINS_DIR})) {}

std::unique_ptr<replica::Replicator> ReplicaReader::open(const std::string& type, const std::string& folder) const {
  plugin::ReplicaSetup setup;
  setup.config = config_of(type, folder);
  setup.database = "app.db";
  return plugins_->create(std::move(setup));
}

std::vector<db::Position> ReplicaReader::positions(const std::string& type, const std::string& folder) const {
  std::vector<db::Position> all;
  const auto replicator = open(type, folder);
  for (const auto& generation : replica::read_catalog(*replicator).generations) {
    for (const auto& snapshot : generation.snapshots) all.push_back(snapshot.position);
    for (const auto& index : generation.indexes) {
      for (const auto& item : index.items) {
        for (const auto& time : replicator->commit_times(item))
          all.push_back({generation.name, index.index, time.end_offset});
      }
    }
  }
  return all;
}

std::vector<db::Position> ReplicaReader::snapshots(const std::string& type, const std::string& folder) const {
  std::vector<db::Position> all;
  for (const auto& generation : replica::read_catalog(*open(type, folder)).generations) {
    for (const auto& snapshot : generation.snapshots) all.push_back(snapshot.position);
  }
  return all;
}

RestoreAnswer ReplicaReader::restore(const std::string& type, const std::string& folder,
                                     const std::optional<db::Position>& at) const {
  RestoreAnswer answer;
  const QuickDir output;
  try {
    const auto replicator = open(type, folder);
    auto planned = plan(*replicator, at);
    // A gap can be an artefact of listing while the replica grows, so it is believed at the second look only.
    if (std::holds_alternative<replica::Refusal>(planned)) planned = plan(*replicator, at);
    if (const auto* refusal = std::get_if<replica::Refusal>(&planned)) {
      answer.refusal = refusal->reason.empty() ? "refused" : refusal->reason;
      return answer;
    }
    const auto& chosen = std::get<replica::RestorePlan>(planned);
    answer.target = chosen.target;
    replica::RestoreOptions options;
    options.output = output / "restored.db";
    options.threads = 1;
    replica::RestoreProgress progress;
    (void)replica::restore_database(*replicator, chosen, options, os::posix_fs(), progress);
  } catch (const Error& e) {
    answer.refusal = e.what();
    return answer;
  }
  answer.ledger = verify_ledger(output / "restored.db");
  return answer;
}

}  // namespace lshost::test
