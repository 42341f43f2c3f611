#pragma once
// One process of an isolated replicator, from its start to its end.

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isolation/feed_server.hpp"
#include "isolation/isolated_replicator.hpp"
#include "isolation/line_splitter.hpp"

namespace lshost::isolation {

/// Threads: the owner's keeper thread, which must outlive the process (it dies with the thread that started it).
/// Errors:  the constructor throws Error where no process can be had.
class IsolatedReplicator::Keeper {
 public:
  explicit Keeper(IsolatedReplicator& owner);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Serves the process until it has ended, which it says: "was ended by signal 11 (Segmentation fault)".
  [[nodiscard]] std::string run();
  /// Something became durable by it.
  [[nodiscard]] bool has_progress() const noexcept { return feed_ && feed_->has_progress(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  /// A request of the keeper's own; there is one at a time.
  struct Asked {
    Kind kind = Kind::create;
    std::uint64_t id = 0;
    Time deadline;
  };
  struct Pipe {
    UniqueFd read;
    UniqueFd write;
  };
  [[nodiscard]] static Pipe make_pipe();

  void ask(Kind kind, const Bytes& body, std::chrono::milliseconds limit);
  void ask_what_is_due() LSHOST_EXCLUDES(owner_.mutex_);
  [[nodiscard]] std::optional<std::string> what_is_overdue() LSHOST_EXCLUDES(owner_.mutex_);
  [[nodiscard]] int poll_timeout_ms() const LSHOST_EXCLUDES(owner_.mutex_);
  void wait_for_something();
  void read_messages();
  void handle(Message message);
  void handle_answer(Kind kind, Reply reply) LSHOST_EXCLUDES(owner_.mutex_);
  void take_created(const Reply& reply) LSHOST_EXCLUDES(owner_.mutex_);
  void take_stopped(const Reply& reply) LSHOST_EXCLUDES(owner_.mutex_);
  void take_report(const Message& message);
  void read_output();
  void push_tip();
  void note_what_was_said();
  void log_line(obs::Level level, std::string_view message) const;
  [[nodiscard]] std::string how_it_ended();

  IsolatedReplicator& owner_;
  Pipe output_ = make_pipe();
  std::pair<UniqueFd, UniqueFd> sockets_ = Channel::make_pair();
  ChildProcess process_;
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<CallTable> calls_;
  std::optional<FeedServer> feed_;  // nullopt: offline
  LineSplitter lines_;

  std::optional<Asked> asked_;
  std::uint64_t next_id_;
  bool is_destroying_ = false;
  bool is_closed_ = false;                  // the channel
  bool has_ended_ = false;                  // the process
  std::optional<std::string> kill_reason_;  // why we ended it: "did not answer ..."
  std::string lost_;                        // what sending to it failed with
  std::optional<Time> said_;                // the first thing since it was last heard
};

}  // namespace lshost::isolation
