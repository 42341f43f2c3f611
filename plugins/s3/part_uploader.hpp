#pragma once
// Sends the parts of one upload on threads of its own, while the next part is made.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client.hpp"

namespace lshost::s3 {

/// Bytes of a part, allocated without being written.
struct PartBuffer {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t capacity = 0;
  std::size_t size = 0;

  void reserve(std::size_t wanted);  ///< drops what was in it
  [[nodiscard]] std::span<const std::byte> view() const noexcept { return {bytes.get(), size}; }
};

/// One upload in parts that was begun at the server.
///
/// Each part is tried again by itself for as long as the settings say. The first part that fails for good stops all.
///
/// Ownership: `client` outlives it; the destructor stops and joins the threads.
/// Threads:   take_buffer(), add() and etags() from one thread.
/// Errors:    what a part failed with, thrown by the next call.
/// Memory:    one buffer a thread and the one that is being filled; larger parts than usual share that room.
class PartUploader {
 public:
  PartUploader(Client& client, std::string key, std::string upload_id);
  PartUploader(const PartUploader&) = delete;
  PartUploader& operator=(const PartUploader&) = delete;
  ~PartUploader();

  /// Waits for room for `capacity` bytes.
  [[nodiscard]] PartBuffer take_buffer(std::size_t capacity);
  /// Sends the next part, which take_buffer() gave. Returns at once.
  void add(PartBuffer part);
  /// Sends a part that was made elsewhere, as the first one.
  void add_first(PartBuffer part);
  /// Waits for all parts.
  [[nodiscard]] std::vector<std::string> etags();

 private:
  struct Part {
    std::uint32_t number;
    PartBuffer buffer;
  };

  void work() noexcept;
  [[nodiscard]] std::string send(const Part& part);
  void stop() noexcept;
  void rethrow() const;

  Client& client_;
  const std::string key_;
  const std::string upload_id_;
  const Interrupt interrupt_;
  const std::size_t room_bytes_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Part> waiting_;
  std::vector<PartBuffer> spare_;
  std::size_t used_bytes_ = 0;  // of buffers that were taken and are not sent yet
  std::size_t sending_ = 0;
  std::vector<std::string> etags_;
  std::exception_ptr failure_;
  bool is_stopping_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace lshost::s3
