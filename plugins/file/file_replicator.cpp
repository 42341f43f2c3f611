#include "file_replicator.hpp"

#include <utility>

#include "probe.hpp"
#include "restore.hpp"
#include "retention.hpp"

namespace lshost::file {
namespace {

Layout layout_from(const Context& context) {
  const std::string path = context.String("path");
  if (path.empty() || path.front() != '/') {
    throw Error::Config("path = \"" + path + "\" is not absolute; write the whole path, beginning with /");
  }
  return Layout(path);
}

}  // namespace

FileReplicator::FileReplicator(Context context, DiskWatcher* watcher)
    : Replicator(context), disk_(layout_from(context).root(), watcher), destination_(disk_, layout_from(context)) {}

std::span<const ConfigKey> FileReplicator::Keys() {
  static constexpr ConfigKey kKeys[] = {
      {.key = "path",
       .required = true,
       .help = "the folder to write to, absolute; created if it is missing",
       .url = UrlPart::Path},
  };
  return kKeys;
}

std::string FileReplicator::Name() const {
  const std::string configured = ctx.Replica();
  return configured.empty() ? Type() : configured;
}

bool FileReplicator::Snapshotting() const {
  const auto current = worker();
  return current && current->snapshotting();
}

void FileReplicator::Start() {
  auto next = std::make_shared<Worker>(ctx, destination_);
  Stop();
  {
    const std::lock_guard hold(mutex_);
    worker_ = next;
  }
  ctx.Spawn("file", [next] { next->run(); });
}

void FileReplicator::Stop() {
  std::shared_ptr<Worker> previous;
  {
    const std::lock_guard hold(mutex_);
    previous = std::exchange(worker_, nullptr);
  }
  if (previous) previous->stop();
}

std::shared_ptr<Worker> FileReplicator::worker() const {
  const std::lock_guard hold(mutex_);
  return worker_;
}

void FileReplicator::List(ItemKind kind, const std::string& generation, const EachItem& each) {
  list(destination_, kind, generation, each);
}

std::unique_ptr<Source> FileReplicator::Open(const Item& item) { return open(destination_, item); }

void FileReplicator::CommitTimes(const Item& item, const EachTime& each) { commit_times(destination_, item, each); }

void FileReplicator::Remove(std::span<const Item> items) { remove(destination_, items); }

void FileReplicator::Probe(std::chrono::milliseconds /*deadline*/) { probe(destination_); }

}  // namespace lshost::file
