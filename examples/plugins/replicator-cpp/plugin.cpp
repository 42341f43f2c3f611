// The destination "shelf": a folder in which each snapshot and each run of WAL is a file. Their names say what they
// are:
//   <path>/<generation>/<snapshot|wal>/<index>-<offset>-<size>-<time>
// A run of no bytes says that its index ends there.

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <lshost/replicator.hpp>
#include <string>
#include <vector>

#include "folder.hpp"

using lshost::Item, lshost::ItemKind, lshost::Position, lshost::ReplicaState;

class Plugin final : public lshost::Replicator, public lshost::Restorable, public lshost::Removable {
 public:
  explicit Plugin(lshost::Context context) : Replicator(context), folder_(ctx.String("path")) {}
  static const char* Summary() { return "a folder: one file for each snapshot and each run of WAL"; }
  static std::span<const lshost::ConfigKey> Keys() {
    static constexpr lshost::ConfigKey kKeys[] = {
        {.key = "path", .required = true, .help = "the folder, absolute", .url = lshost::UrlPart::Path}};
    return kKeys;
  }

  std::string Type() const override { return "shelf"; }
  bool Snapshotting() const override { return snapshotting_; }
  void Start() override {
    ctx.Spawn("shelf", [this] { Run(); });
  }

  void List(ItemKind kind, const std::string& generation, const EachItem& each) override {
    std::string last;
    for (const Item& item : ItemsOf(generation)) {
      if (kind == ItemKind::Generation && item.position.generation != last) {
        each({.kind = kind, .position = {.generation = last = item.position.generation}});
      }
      if (kind == item.kind) each(item);
    }
  }
  std::unique_ptr<lshost::Source> Open(const Item& item) override { return folder_.Get(NameOf(item), 0, item.size); }
  void Remove(std::span<const Item> items) override {
    for (const Item& item : items) {
      if (item.kind == ItemKind::Generation) {
        folder_.RemoveFolder(item.position.generation);
      } else {
        folder_.Remove(NameOf(item));
      }
    }
  }

 private:
  void Run() {
    for (next_ = {};;) try {  // what an earlier run remembers is not asked
        snapshotting_ = next_.IsNone();
        const auto status = ctx.Status();
        if (status) CarryUpTo(status->tip);
        snapshotting_ = false;
        ctx.State(status ? ReplicaState::Streaming : ReplicaState::Waiting);
        ctx.Wait(status ? status->tip : Position{});
      } catch (const lshost::Gone&) {
        base_ = {};  // the host has no WAL behind what we have: a snapshot is needed
        ctx.Sleep(std::chrono::milliseconds(100));
      } catch (const std::exception& failure) {
        next_ = {};  // what is at the destination decides how it goes on
        snapshotting_ = false;
        ctx.Failed(failure);
        ctx.State(ReplicaState::BackOff, failure.what());
        ctx.Sleep(std::chrono::seconds(1));
      }
  }

  void CarryUpTo(const Position& tip) {
    if (next_.generation != tip.generation) Resume(tip.generation);
    if (base_.IsNone()) StoreSnapshot();
    if (base_.IsNone()) return;
    while (auto run = ctx.OpenWal(next_)) {
      if (run->start != next_) EndIndex(run->start);
      const std::uint64_t size = run->end.offset - run->start.offset;
      folder_.Put(NameOf({ItemKind::Wal, run->start, size, run->commit_ns}), run->bytes, size);
      Stored(run->end);
    }
    if (tip == Position{next_.generation, next_.index + 1, 0}) EndIndex(tip);  // an index has begun, without a byte yet
    if (ctx.SnapshotDue()) StoreSnapshot();
  }

  /// Finds out what an earlier run stored: the newest snapshot, and how far the WAL goes from there without a gap.
  void Resume(const std::string& generation) {
    next_ = {generation, 0, 0};
    base_ = {};
    const auto items = ItemsOf(generation);
    for (const Item& item : items) {
      if (item.kind == ItemKind::Snapshot) base_ = item.position;
    }
    next_.index = base_.index;
    for (const Item& item : items) {
      if (item.kind != ItemKind::Wal || item.position != next_) continue;
      next_ = item.index_complete ? Position{generation, next_.index + 1, 0} : EndOf(item);
    }
    Stored(next_);
  }

  void StoreSnapshot() {
    auto image = ctx.OpenSnapshot();
    if (!image) return;
    snapshotting_ = true;
    ctx.State(ReplicaState::Snapshot);
    folder_.Put(NameOf({ItemKind::Snapshot, image->position, image->size, image->created_ns}), image->bytes,
                image->size);
    ctx.SnapshotDone(image->position, image->size);
    if (base_.generation == image->position.generation) return;  // the WAL goes on where it was
    base_ = image->position;
    Stored({base_.generation, base_.index, 0});  // a restore reads the snapshot's index from its beginning
  }

  void EndIndex(const Position& following) {
    lshost::HostReader nothing;
    folder_.Put(NameOf({ItemKind::Wal, next_}), nothing, 0);
    Stored(following);
  }

  /// All before `end` is durable here. The host frees its own copy by what is reported, so not before a snapshot
  /// carries it.
  void Stored(const Position& end) {
    next_ = end;
    if (next_ >= base_) ctx.Durable(next_);
  }

  static Position EndOf(const Item& wal) {
    return {wal.position.generation, wal.position.index, wal.position.offset + wal.size};
  }

  static std::string NameOf(const Item& item) {
    const auto& [generation, index, offset] = item.position;
    char name[80];
    (void)std::snprintf(name, sizeof name, kNumbers, index, offset, item.size,
                        static_cast<std::uint64_t>(item.created_ns));
    return generation + (item.kind == ItemKind::Snapshot ? "/snapshot/" : "/wal/") + name;
  }

  /// What is stored of a generation, or of all if it is "", in order.
  std::vector<Item> ItemsOf(const std::string& generation) const {
    std::vector<Item> items;
    for (const auto& [name, size] : folder_.List(generation)) {
      Item item;
      auto& [of, index, offset] = item.position;
      of = name.substr(0, name.find('/'));
      item.kind = name.starts_with(of + "/wal/") ? ItemKind::Wal : ItemKind::Snapshot;
      std::uint64_t time = 0;
      const char* numbers = name.c_str() + name.rfind('/') + 1;
      if (std::sscanf(numbers, kNumbers, &index, &offset, &item.size, &time) != 4) continue;
      item.created_ns = item.updated_ns = static_cast<std::int64_t>(time);
      if (name != NameOf(item) || size != item.size) continue;  // not ours, or cut
      if (item.size > 0) {
        items.push_back(item);
      } else if (!items.empty() && EndOf(items.back()) == item.position) {
        items.back().index_complete = true;
      }
    }
    return items;
  }

  static constexpr const char* kNumbers = "%016" PRIx64 "-%016" PRIx64 "-%016" PRIx64 "-%016" PRIx64;
  Folder folder_;
  std::atomic<bool> snapshotting_{false};
  // Of the worker's thread.
  Position base_;  // of the snapshot that the WAL continues; none: there is none yet
  Position next_;  // where the next byte of WAL goes; none: find out
};

LSHOST_PLUGIN(Plugin, "shelf", "1.0.0");
