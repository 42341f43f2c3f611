#include "support/store_replica.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "support/sqlite_replay.hpp"

namespace lshost::test {
namespace {

/// A sink of C over a function.
template <class Sink, class Take>
struct Taking : Sink {
  explicit Taking(Take with) : Sink{}, take(std::move(with)) {
    this->struct_size = sizeof(Sink);
    this->impl = this;
  }
  Take take;
};

}  // namespace

StoreReplica::StoreReplica(FakeHost& host, MakeStore make, std::string type)
    : host_(host), make_(std::move(make)), type_(std::move(type)) {}

StoreReplica::~StoreReplica() { stop(); }

void StoreReplica::make() {
  if (replicator_ != nullptr) return;
  const Context context = host_.context();
  const auto* engine = context.HostExtension<lshost_engine>(LSHOST_HOST_ENGINE);
  v1::detail::ErrorOut err;
  const auto result =
      engine->create(context.CContext(), type_.c_str(), v1::detail::ExportStore(make_(context)), &replicator_, &err);
  v1::detail::Check(result, err);
}

void StoreReplica::start() {
  make();
  v1::detail::ErrorOut err;
  v1::detail::Check(replicator_->start(replicator_, &err), err);
  is_started_ = true;
}

void StoreReplica::stop() {
  if (replicator_ == nullptr) return;
  if (std::exchange(is_started_, false)) {
    host_.cancel();
    (void)replicator_->stop(replicator_, -1, nullptr);
    host_.join_and_reset();
  }
  lshost_replicator* const gone = std::exchange(replicator_, nullptr);
  gone->destroy(gone);
}

bool StoreReplica::run_until_durable() {
  start();
  return host_.wait_until_durable(host_.tip());
}

template <class Table>
const Table& StoreReplica::extension(const char* id) {
  make();
  const void* table = replicator_->extension(replicator_, id);
  if (table == nullptr) throw std::runtime_error(std::string("the engine does not offer ") + id);
  return *static_cast<const Table*>(table);
}

std::vector<Item> StoreReplica::items(ItemKind kind, const std::string& generation) {
  const auto& restore = extension<lshost_restore>(LSHOST_EXT_RESTORE);
  std::vector<Item> all;
  const auto take = [&](const lshost_item& item) { all.push_back(Item::From(item)); };
  Taking<lshost_item_sink, decltype(take)> sink(take);
  sink.item = [](lshost_item_sink* self, const lshost_item* item) noexcept -> std::int32_t {
    static_cast<decltype(sink)*>(self->impl)->take(*item);
    return LSHOST_OK;
  };
  v1::detail::ErrorOut err;
  v1::detail::Check(restore.list(replicator_, static_cast<std::int32_t>(kind), generation.c_str(), &sink, &err), err);
  return all;
}

Bytes StoreReplica::content(const Item& item) {
  const auto& restore = extension<lshost_restore>(LSHOST_EXT_RESTORE);
  const lshost_item wanted = item.ToC();
  lshost_reader* reader = nullptr;
  v1::detail::ErrorOut err;
  v1::detail::Check(restore.open(replicator_, &wanted, &reader, &err), err);
  const std::string text = HostReader(reader).ReadAll();
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<StoreReplica::Time> StoreReplica::commit_times(const Item& item) {
  const auto& restore = extension<lshost_restore>(LSHOST_EXT_RESTORE);
  std::vector<Time> all;
  const auto take = [&](const Time& time) { all.push_back(time); };
  Taking<lshost_time_sink, decltype(take)> sink(take);
  sink.time = [](lshost_time_sink* self, std::uint64_t end_offset, std::int64_t commit_ns) noexcept -> std::int32_t {
    static_cast<decltype(sink)*>(self->impl)->take({end_offset, commit_ns});
    return LSHOST_OK;
  };
  const lshost_item wanted = item.ToC();
  v1::detail::ErrorOut err;
  v1::detail::Check(restore.commit_times(replicator_, &wanted, &sink, &err), err);
  return all;
}

void StoreReplica::remove(const std::vector<Item>& items) {
  const auto& retention = extension<lshost_retention>(LSHOST_EXT_RETENTION);
  std::vector<lshost_item> all;
  all.reserve(items.size());
  std::vector<const lshost_item*> pointers;
  for (const auto& item : items) pointers.push_back(&all.emplace_back(item.ToC()));
  v1::detail::ErrorOut err;
  v1::detail::Check(retention.remove(replicator_, pointers.data(), pointers.size(), &err), err);
}

void StoreReplica::probe(std::chrono::milliseconds deadline) {
  const auto& health = extension<lshost_health>(LSHOST_EXT_HEALTH);
  v1::detail::ErrorOut err;
  v1::detail::Check(health.probe(replicator_, deadline.count(), &err), err);
}

Bytes StoreReplica::restore(const std::string& generation, std::optional<Position> target) {
  const Item* snapshot = nullptr;
  const auto snapshots = items(ItemKind::Snapshot, generation);
  for (const auto& item : snapshots) {
    if (!target || item.position <= *target) snapshot = &item;
  }
  if (snapshot == nullptr) throw std::runtime_error("no snapshot is listed in generation " + generation);

  std::vector<Bytes> logs;
  Position at = {generation, snapshot->position.index, 0};
  bool is_complete = true;
  for (const auto& item : items(ItemKind::Wal, generation)) {
    if (item.position.index < snapshot->position.index) continue;
    if (target && item.position >= *target) break;
    if (logs.empty() || item.position.index != at.index) {
      const bool is_next = logs.empty() ? item.position == at : item.position == Position{generation, at.index + 1, 0};
      if (!is_complete || !is_next) throw std::runtime_error("gap before " + item.position.ToString());
      logs.emplace_back();
    } else if (item.position != at) {
      throw std::runtime_error("gap before " + item.position.ToString());
    }
    Bytes bytes = content(item);
    if (bytes.size() != item.size) throw std::runtime_error("not as many bytes as listed: " + item.position.ToString());
    at = {generation, item.position.index, item.position.offset + bytes.size()};
    if (target && at > *target) bytes.resize(target->offset - item.position.offset);
    logs.back().insert(logs.back().end(), bytes.begin(), bytes.end());
    is_complete = item.index_complete;
  }
  // What ends before the snapshot does is older than the snapshot.
  if (logs.size() == 1 && at < snapshot->position) logs.clear();
  if (logs.empty()) at = snapshot->position;
  // The beginning of an index is the same state as the end of the one before.
  const bool is_next_begin = target && is_complete && *target == Position{generation, at.index + 1, 0};
  if (target && at < *target && !is_next_begin) throw std::runtime_error("the replica ends at " + at.ToString());
  return replay_with_sqlite(content(*snapshot), logs);
}

}  // namespace lshost::test
