#pragma once
// Objects that are sent in parts, because they are large or because nobody knows how large they will be.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <lshost/cpp/stream.hpp>

#include "client.hpp"
#include "part_uploader.hpp"
#include "replies.hpp"

namespace lshost::s3 {

/// The uploads in parts of one bucket and prefix.
///
/// An upload that fails is aborted, so that nothing of it stays and costs money. What a killed process left is found by
/// the next upload, at most once an hour, and aborted when it is three days old.
///
/// Ownership: `client` outlives it. Threads: any, several at once. Errors: Error, Cancelled, and what the body throws.
class MultipartUploads {
 public:
  explicit MultipartUploads(Client& client) : client_(client) {}

  /// What goes with the first and with the last request of an upload.
  struct UploadHeaders {
    Headers begin;
    Headers complete;
  };
  /// Stores `first` and what is left of `body` behind it as `key`. `size`: of all, or kSizeUnknown.
  void put(const std::string& key, PartBuffer first, Source& body, std::uint64_t size, const UploadHeaders& headers);

 private:
  [[nodiscard]] std::string begin(const std::string& key, const Headers& storage);
  void complete(const std::string& key, const std::string& id, std::span<const std::string> etags, std::uint64_t size,
                const Headers& headers);
  [[nodiscard]] bool is_stored(const std::string& key, std::span<const std::string> etags, std::uint64_t size);
  void abort(const std::string& key, const std::string& id) noexcept;
  void abort_stale() noexcept;
  [[nodiscard]] bool is_time_to_look();

  Client& client_;
  std::mutex mutex_;
  std::set<std::string> own_;                        // ids that are under way; guarded by mutex_
  std::chrono::steady_clock::time_point look_next_;  // guarded by mutex_
};

/// Fills `into` from `body`; fewer bytes only at its end.
[[nodiscard]] std::size_t read_fully(Source& body, std::span<std::byte> into);

/// Throws if `body` has more bytes than were promised. What it throws itself, as the one that checks its bytes at their
/// end does, passes.
void expect_end(Source& body, const std::string& key);

/// False: an object of that ETag was not made of these parts. True where it was, or the parts' ETags are no MD5s and
/// their count is right. Pure.
[[nodiscard]] bool is_etag_of(const std::string& etag, std::span<const std::string> parts);

/// Those of `uploads` that nobody works on any more: old, and not ours. Pure.
[[nodiscard]] std::vector<PendingUpload> stale_uploads(std::vector<PendingUpload> uploads, std::int64_t now_ns,
                                                       const std::set<std::string>& own);

}  // namespace lshost::s3
