#pragma once
// A database as a replica sees it, written by the test: positions and bytes that nobody captured.

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_stream.hpp"
#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "db/feed.hpp"

namespace lshost::test {

inline constexpr const char* kFakeGeneration = "0123456789abcdef";

/// Streams that are open, to be counted by the test.
using OpenStreams = std::shared_ptr<std::atomic<int>>;

class TextStream final : public ByteStream {
 public:
  TextStream(std::string text, OpenStreams open) : text_(std::move(text)), open_(std::move(open)) { ++*open_; }
  ~TextStream() override { --*open_; }
  std::size_t read(MutableByteSpan into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  const std::string text_;
  const OpenStreams open_;
  std::size_t at_ = 0;
};

/// One index, whose WAL is a text. Thread-safe.
class FakeFeed final : public db::Feed {
 public:
  FakeFeed() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // ---- the test's side ----

  void commit(const std::string& bytes) {
    const MutexLock lock(mutex_);
    has_generation_ = true;
    wal_ += bytes;
    wake();
  }
  void fail_with(std::optional<Error> error) {
    const MutexLock lock(mutex_);
    error_ = std::move(error);
  }
  [[nodiscard]] int open_streams() const { return *open_; }
  [[nodiscard]] std::vector<db::Position> reported() const {
    const MutexLock lock(mutex_);
    return reported_;
  }
  /// Waits until all that was committed was reported durable. False: not within ten seconds.
  [[nodiscard]] bool wait_until_durable() {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this]() LSHOST_REQUIRES(mutex_) {
      return !reported_.empty() && reported_.back().offset == wal_.size();
    });
  }

  // ---- db::Feed ----

  std::optional<db::FeedStatus> status() const override;
  std::variant<db::WalRun, Miss> open_wal(const db::Position& from) override;
  std::optional<db::SnapshotImage> open_snapshot() override;
  Waited wait(const db::Position& seen, std::optional<std::chrono::nanoseconds> timeout,
              const std::stop_token& stop) override;
  int event_descriptor() override { return event_.get(); }
  bool snapshot_due() const override;
  void set_snapshot_due(bool due) override;
  void report_durable(const db::Position& position) override;
  db::Position durable() const override;

 private:
  [[nodiscard]] db::Position tip() const LSHOST_REQUIRES(mutex_) { return {kFakeGeneration, 0, wal_.size()}; }
  void wake() LSHOST_REQUIRES(mutex_) {
    changed_.notify_all();
    const std::uint64_t once = 1;
    (void)!::write(event_.get(), &once, sizeof once);
  }

  const UniqueFd event_;
  const OpenStreams open_ = std::make_shared<std::atomic<int>>(0);
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  bool has_generation_ LSHOST_GUARDED_BY(mutex_) = false;
  bool due_ LSHOST_GUARDED_BY(mutex_) = false;
  std::string wal_ LSHOST_GUARDED_BY(mutex_);
  std::optional<Error> error_ LSHOST_GUARDED_BY(mutex_);
  std::vector<db::Position> reported_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::test
