#include "engine/engine_replicator.hpp"

#include <utility>

#include "engine/probe.hpp"

namespace lshost::engine {
namespace {

Settings settings_of(const Context& context) {
  Settings settings = read_settings(context);
  if (settings.identities && !settings.is_encrypted() && !context.Offline()) {
    throw Error::Config(
        "age-identities is set and age-recipients is not: what is stored would not be encrypted; add age-recipients");
  }
  return settings;
}

}  // namespace

EngineReplicator::EngineReplicator(Context context, std::string type, lshost_store* store)
    : Replicator(context),
      type_(std::move(type)),
      store_(store),
      settings_(settings_of(context)),
      contents_(store_, settings_, context.Offline() ? Reading::restored : Reading::listed,
                [context] { context.ThrowIfStopping(); }) {}

std::string EngineReplicator::Name() const {
  const std::string configured = ctx.Replica();
  return configured.empty() ? type_ : configured;
}

bool EngineReplicator::Snapshotting() const {
  const auto current = worker();
  return current && current->snapshotting();
}

void EngineReplicator::Start() {
  auto next = std::make_shared<Worker>(ctx, store_, settings_);
  Stop();
  {
    const std::lock_guard hold(mutex_);
    worker_ = next;
  }
  ctx.Spawn(type_.c_str(), [next] { next->run(); });
}

void EngineReplicator::Stop() {
  std::shared_ptr<Worker> previous;
  {
    const std::lock_guard hold(mutex_);
    previous = std::exchange(worker_, nullptr);
  }
  if (previous) previous->stop();
}

std::shared_ptr<Worker> EngineReplicator::worker() const {
  const std::lock_guard hold(mutex_);
  return worker_;
}

void EngineReplicator::List(ItemKind kind, const std::string& generation, const EachItem& each) {
  contents_.list(kind, generation, each);
}

std::unique_ptr<Source> EngineReplicator::Open(const Item& item) { return contents_.open(item); }

void EngineReplicator::CommitTimes(const Item& item, const EachTime& each) { contents_.commit_times(item, each); }

void EngineReplicator::Remove(std::span<const Item> items) { contents_.remove(items); }

void EngineReplicator::Probe(std::chrono::milliseconds deadline) { probe(store_, deadline); }

}  // namespace lshost::engine
