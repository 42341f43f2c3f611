#pragma once
// The database as a plugin sees it from a process of its own: the host's feed, at the other end of a channel.
//
// What is committed is pushed, together with the run of WAL that follows what was pushed before, so that a plugin that
// has caught up asks nothing. All bytes are read here, from the host's own files.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <variant>

#include "base/condition.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "db/feed.hpp"
#include "isolation/channel.hpp"
#include "isolation/host_link.hpp"

namespace lshost::isolation {

/// Threads: safe. tip() and answer() come from the thread that reads the channel, and never wait.
class RemoteFeed final : public db::Feed {
 public:
  /// `link` must outlive it.
  RemoteFeed(HostLink& link, db::Position durable);

  // ---- what the host says ----

  void tip(Message message) LSHOST_EXCLUDES(mutex_);
  /// To open_wal or open_image.
  void answer(Message message) LSHOST_EXCLUDES(mutex_);

  // ---- db::Feed ----

  [[nodiscard]] std::optional<db::FeedStatus> status() const override LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] std::variant<db::WalRun, Miss> open_wal(const db::Position& from) override LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<db::SnapshotImage> open_snapshot() override LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] Waited wait(const db::Position& seen, std::optional<std::chrono::nanoseconds> timeout,
                            const std::stop_token& stop) override LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] int event_descriptor() override LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] bool snapshot_due() const override LSHOST_EXCLUDES(mutex_);
  void set_snapshot_due(bool due) override LSHOST_EXCLUDES(mutex_);
  void report_durable(const db::Position& position) override LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] db::Position durable() const override LSHOST_EXCLUDES(mutex_);

 private:
  struct Offer {
    RunOffer run;
    UniqueFd file;
  };

  [[nodiscard]] Message ask(Kind kind, const Bytes& body) LSHOST_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<Offer> take_offer(const db::Position& from) LSHOST_EXCLUDES(mutex_);
  void wake() LSHOST_EXCLUDES(mutex_);

  HostLink& link_;
  mutable Mutex mutex_;
  Condition changed_;
  std::optional<db::FeedStatus> status_ LSHOST_GUARDED_BY(mutex_);
  bool is_snapshot_due_ LSHOST_GUARDED_BY(mutex_) = false;
  std::uint64_t snapshots_reported_ LSHOST_GUARDED_BY(mutex_) = 0;
  db::Position durable_ LSHOST_GUARDED_BY(mutex_);
  std::optional<Offer> offer_ LSHOST_GUARDED_BY(mutex_);
  UniqueFd event_ LSHOST_GUARDED_BY(mutex_);
  std::uint64_t next_id_ LSHOST_GUARDED_BY(mutex_) = 1;
  std::map<std::uint64_t, std::optional<Message>> asked_ LSHOST_GUARDED_BY(mutex_);  // nullopt: not answered yet
};

}  // namespace lshost::isolation
