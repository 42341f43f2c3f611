#pragma once
// Our streams in a plugin's hands: each can be taken back, whatever the plugin does with it.

#include <lshost/abi.h>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include "base/byte_stream.hpp"
#include "base/mutex.hpp"

namespace lshost::plugin {

/// All streams that one replica's plugin holds.
///
/// Ownership: a stream lives until the plugin closes it or it is taken back; the handle in the plugin's hands lives
/// until
///            the plugin closes it or this set goes.
/// Threads:   safe. Taking back waits for a read that is going on.
class HandedStreams {
 public:
  enum class Kind { wal, snapshot };

  /// `is_stopping` is asked before every read; true makes it say LSHOST_CANCELLED.
  explicit HandedStreams(std::function<bool()> is_stopping);
  HandedStreams(const HandedStreams&) = delete;
  HandedStreams& operator=(const HandedStreams&) = delete;
  ~HandedStreams();

  /// Throws Error{invalid} where the plugin may not open another one of that kind.
  void require_room(Kind kind) LSHOST_EXCLUDES(mutex_);
  /// Never nullptr. Throws as require_room() does.
  [[nodiscard]] lshost_reader* hand_out(Kind kind, std::unique_ptr<ByteStream> stream) LSHOST_EXCLUDES(mutex_);
  /// Ends all streams; reading them says LSHOST_CANCELLED from now on. Returns how many the plugin had not closed.
  std::size_t take_back() LSHOST_EXCLUDES(mutex_);

 private:
  struct Handed;
  static std::int32_t read(lshost_reader* self, void* buf, std::size_t cap, std::size_t* n, lshost_error* err) noexcept;
  static std::int32_t file(lshost_reader* self, std::uint64_t* offset, std::uint64_t* length) noexcept;
  static void close(lshost_reader* self) noexcept;
  void require_room_locked(Kind kind) const LSHOST_REQUIRES(mutex_);

  const std::function<bool()> is_stopping_;
  // Order of locks: this one, then that of a stream.
  Mutex mutex_;
  std::list<std::unique_ptr<Handed>> handed_ LSHOST_GUARDED_BY(mutex_);
};

}  // namespace lshost::plugin
