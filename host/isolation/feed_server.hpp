#pragma once
// The host's end of a RemoteFeed: answers what a plugin's process asks of its database, and checks what it reports.

#include <cstdint>
#include <optional>

#include "db/feed.hpp"
#include "isolation/channel.hpp"
#include "plugin/replica_context.hpp"

namespace lshost::isolation {

/// Ownership: borrows all; the image that the process reads is held here, and goes with this.
/// Threads:   one.
/// Errors:    Error{corrupt} for messages that can not be; what the channel throws.
class FeedServer {
 public:
  /// REQUIRES: setup.feed != nullptr.
  FeedServer(const plugin::ReplicaSetup& setup, Channel& channel);

  /// Whether the message was one of the feed's.
  [[nodiscard]] bool handle(const Message& message);
  /// Says what the database has now, if the process reads; else it will be said by a later call. Never waits.
  void push_tip();
  /// The feed's event, from before the first look at its tip on, so that no tip is missed. -1: none.
  [[nodiscard]] int event_descriptor() const noexcept { return event_; }
  [[nodiscard]] bool has_unsaid_tip() const noexcept { return is_unsaid_; }
  /// Something became durable, or a snapshot did, since the process began.
  [[nodiscard]] bool has_progress() const noexcept { return has_progress_; }

 private:
  struct Run {
    RunOffer offer;
    std::unique_ptr<ByteStream> bytes;  // keeps the descriptor
    int descriptor = -1;
  };

  void open_wal(const Message& message);
  void open_image(const Message& message);
  [[nodiscard]] bool send_image(std::uint64_t id, ImageAnswer& answer);
  void take_durable(const Message& message);
  void take_snapshot(const Message& message);
  [[nodiscard]] static Run run_of(const db::Position& from, db::WalRun run);
  [[nodiscard]] std::optional<Run> what_follows(const db::Position& position, const db::Position& tip);

  const plugin::ReplicaSetup& setup_;
  db::Feed& feed_;
  Channel& channel_;
  const int event_;
  std::optional<db::SnapshotImage> image_;
  db::Position said_tip_;
  bool is_unsaid_ = true;
  bool has_progress_ = false;
  std::uint64_t snapshots_ = 0;
};

}  // namespace lshost::isolation
