#pragma once
// One put: a stream becomes a file under its name, whole and durable, or nothing.
//
// The bytes go to a temporary name in the same folder, are synced, and get their name by a rename that replaces. What
// the server has not made durable is kept in memory, at most kKeptMax, so that a connection that breaks costs no more
// than sending that again: the stream can be read only once.

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "remote.hpp"
#include "window.hpp"

namespace lshost::sftp {

inline constexpr std::uint64_t kSyncEvery = std::uint64_t{16} << 20;  ///< bytes; bounds what one fsync has to do, too
inline constexpr std::uint64_t kKeptMax = 2 * kSyncEvery;
inline constexpr std::size_t kWritesInFlight = 64;  ///< of kChunkSize: 2 MiB, as much as OpenSSH's window

/// What becomes of a file that has the name already.
enum class Existing { replaced, kept };

/// Threads: one. Errors: run() throws Error, Cancelled, and what the body throws; nothing has got the name then.
class Upload {
 public:
  Upload(Remote& remote, std::string path, Existing existing);
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;
  /// `size`: what the body has to have; kSizeUnknown: whatever it has. Throws Error{LSHOST_E_EXISTS} if there is a file
  /// that is to be kept.
  void run(Source& body, std::uint64_t size);

 private:
  /// A write or a sync without an answer yet; `safe_end`: what is safe once the answer is yes.
  struct Sent {
    RequestId id;
    bool is_sync;
    std::uint64_t end;
  };

  void create();
  void copy(Source& body, std::uint64_t size);
  void send_from(std::uint64_t offset);
  void send_sync();
  void settle_oldest();
  void finish();
  void publish();
  void rename();
  void rename_if_free();
  void rename_without_replacing();
  [[nodiscard]] bool is_published_already();
  void recover(const Error& lost);
  void reopen();
  void discard() noexcept;
  template <class Step>
  void steadily(Step&& step);

  Remote& remote_;
  const std::string path_;
  const std::string folder_;
  const Existing existing_;
  std::string temporary_;  // "": there is none
  Lease lease_;
  std::string handle_;       // "": closed
  bool is_written_ = false;  // all bytes are durable under temporary_
  Window window_;
  std::deque<Sent> sent_;        // oldest first
  std::uint64_t synced_to_ = 0;  // by syncs that were sent, answered or not
  std::uint64_t recovered_at_ = 0;
  int futile_ = 0;  // recoveries since anything became safe
};

}  // namespace lshost::sftp
