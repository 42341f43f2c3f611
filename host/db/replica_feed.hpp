#pragma once
// The feed of one replica: the shadow WAL through the catalog, snapshots through the database's thread.

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "db/feed.hpp"
#include "db/shadow_catalog.hpp"
#include "db/snapshot_source.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// What a feed needs of its database, apart from the catalog. Thread-safe.
class FeedOwner {
 public:
  virtual ~FeedOwner() = default;
  /// nullopt: no generation yet. Blocks until the database's thread has fixed the image.
  [[nodiscard]] virtual std::optional<SnapshotGrant> grant_snapshot() = 0;
  virtual void release_snapshot(const std::shared_ptr<SnapshotPin>& pin) noexcept = 0;
  /// What is kept for a replica changed: shadow files may go.
  virtual void hold_changed() noexcept = 0;
  /// A replica asked for something that lies ahead of the tip.
  virtual void replica_is_ahead() noexcept = 0;
  /// A replica holds everything up to `position`. False: it is that of another history (db/origin.hpp), and a new
  /// generation is on its way.
  [[nodiscard]] virtual bool is_ours(const std::string& replica, const Position& position) = 0;
  /// A replica begins with an image.
  virtual void begins_anew(const std::string& replica) = 0;
};

/// Thread-safe; see Feed.
class ReplicaFeed final : public Feed {
 public:
  ReplicaFeed(std::string replica, os::Fs& fs, ShadowCatalog& catalog, FeedOwner& owner,
              std::function<void(ReplicaFeed*)> on_destroy);
  ~ReplicaFeed() override;

  [[nodiscard]] std::optional<FeedStatus> status() const override;
  [[nodiscard]] std::variant<WalRun, Miss> open_wal(const Position& from) override;
  [[nodiscard]] std::optional<SnapshotImage> open_snapshot() override;
  [[nodiscard]] Waited wait(const Position& seen, std::optional<std::chrono::nanoseconds> timeout,
                            const std::stop_token& stop) override;
  [[nodiscard]] int event_descriptor() override;
  [[nodiscard]] bool snapshot_due() const override;
  void set_snapshot_due(bool due) override;
  void report_durable(const Position& position) override;
  [[nodiscard]] Position durable() const override;

  [[nodiscard]] const std::string& replica() const noexcept { return replica_; }
  /// The first index that must be kept for this replica in `generation`: 0 as long as it reported nothing in it.
  [[nodiscard]] std::uint64_t held_index(const std::string& generation) const;

 private:
  const std::string replica_;
  os::Fs& fs_;
  ShadowCatalog& catalog_;
  FeedOwner& owner_;
  std::function<void(ReplicaFeed*)> on_destroy_;

  mutable Mutex mutex_;
  Position durable_ LSHOST_GUARDED_BY(mutex_);
  Position hold_ LSHOST_GUARDED_BY(mutex_);  // everything from here on is kept
  std::atomic<bool> snapshot_due_{false};
  UniqueFd event_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::db
