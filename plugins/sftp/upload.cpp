#include "upload.hpp"

#include <algorithm>
#include <random>
#include <span>
#include <utility>

#include <lshost/blob_replicator.hpp>

#include "folder.hpp"
#include "full_disk.hpp"
#include "names.hpp"
#include "same_content.hpp"

namespace lshost::sftp {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint32_t kFilePermissions = 0600;
constexpr int kFutileMax = 3;
constexpr milliseconds kPauseMin{200};
constexpr milliseconds kPauseMax{5000};

std::uint64_t random_number() {
  std::random_device random;
  return (std::uint64_t{random()} << 32U) | random();
}

/// The next bytes, as many as one write has; fewer only at the end.
Bytes next_chunk(Source& body) {
  Bytes chunk(kChunkSize);
  std::size_t size = 0;
  while (size < chunk.size()) {
    const std::size_t count = body.Read(std::span(chunk).subspan(size));
    if (count == 0) break;
    size += count;
  }
  chunk.resize(size);
  return chunk;
}

}  // namespace

Upload::Upload(Remote& remote, std::string path, Existing existing)
    : remote_(remote), path_(std::move(path)), folder_(parent_of(path_)), existing_(existing) {}

void Upload::run(Source& body, std::uint64_t size) {
  try {
    lease_ = remote_.pool().take();
    steadily([&] { create(); });
    copy(body, size);
    steadily([&] { finish(); });
    publish();
  } catch (const Refused& refused) {
    std::exception_ptr thrown = explained(*lease_, refused, folder_);
    discard();
    std::rethrow_exception(thrown);
  } catch (...) {
    discard();
    throw;
  }
}

/// Does a step, and where the connection breaks, gets a new one to the same state and does it again.
template <class Step>
void Upload::steadily(Step&& step) {
  for (;;) {
    try {
      return step();
    } catch (const Error& e) {
      if (lease_->is_usable()) throw;
      recover(e);
    }
  }
}

void Upload::create() {
  constexpr int kAttempts = 3;  // somebody may remove the folder, which was empty, in between
  remote_.remove_left_behind(*lease_);
  for (int attempt = 1;; ++attempt) {
    remote_.prepare_folder(*lease_, folder_);
    const std::string temporary = temporary_path(path_, random_number());
    const Reply reply = lease_->call([&](RequestId id) { return open_new_packet(id, temporary, kFilePermissions); });
    if (reply.type == PacketType::status && parse_status(reply).code == StatusCode::no_such_file &&
        attempt < kAttempts) {
      remote_.forget_folder(folder_);
      continue;
    }
    handle_ = lease_->handle_of(reply, "create " + temporary);
    temporary_ = temporary;
    return;
  }
}

void Upload::copy(Source& body, std::uint64_t size) {
  for (;;) {
    Bytes chunk = next_chunk(body);
    const bool is_last = chunk.size() < kChunkSize;
    if (!chunk.empty()) {
      const std::uint64_t offset = window_.end();
      window_.add(std::move(chunk));
      try {
        send_from(offset);
      } catch (const Error& e) {
        if (lease_->is_usable()) throw;
        recover(e);  // which sends this piece, too
      }
    }
    if (size != kSizeUnknown && window_.end() > size) break;
    if (is_last) break;
  }
  if (size == kSizeUnknown || window_.end() == size) return;
  throw Error(LSHOST_E_INVALID, "the body of " + path_ + " has another size than was said: " +
                                    std::to_string(window_.end()) + " bytes, not " + std::to_string(size));
}

/// Sends what the window has from `offset` on, and waits where too much is under way.
void Upload::send_from(std::uint64_t offset) {
  while (const Window::Piece* piece = window_.piece_at(offset)) {
    const RequestId id =
        lease_->post([&](RequestId request) { return write_packet(request, handle_, offset, piece->bytes); });
    offset = piece->end();
    sent_.push_back({id, /*is_sync=*/false, offset});
    if (lease_->extensions().fsync && offset - synced_to_ >= kSyncEvery) {
      synced_to_ = offset;
      send_sync();
    }
    while (sent_.size() > kWritesInFlight || window_.size() > kKeptMax) settle_oldest();
  }
}

/// Safe is what was written before it was asked for: the server does what concerns one file in order.
void Upload::send_sync() {
  const std::uint64_t end = sent_.empty() ? window_.begin() : sent_.back().end;
  const RequestId id = lease_->post([&](RequestId request) { return extended_packet(request, kFsync, handle_); });
  sent_.push_back({id, /*is_sync=*/true, end});
}

void Upload::settle_oldest() {
  const Sent oldest = sent_.front();
  const Reply reply = lease_->await(oldest.id);
  sent_.pop_front();
  lease_->check(reply, (oldest.is_sync ? "sync " : "write ") + temporary_);
  if (oldest.is_sync || !lease_->extensions().fsync) window_.safe_before(oldest.end);
}

/// All bytes are there, durable, and the file is closed.
void Upload::finish() {
  if (lease_->extensions().fsync) send_sync();
  const RequestId closed = lease_->post([&](RequestId id) { return one_text_packet(PacketType::close, id, handle_); });
  while (!sent_.empty()) settle_oldest();
  lease_->check(lease_->await(closed), "close " + temporary_);
  handle_.clear();
  is_written_ = true;
}

void Upload::publish() {
  bool is_repeated = false;
  steadily([&] {
    // Once a rename may have been done and its answer lost, it must not look like a failure.
    if (!std::exchange(is_repeated, true) || !is_published_already()) rename();
    (void)sync_folders(*lease_, {&folder_, 1});
  });
  temporary_.clear();
}

void Upload::rename() {
  if (existing_ == Existing::kept) return rename_if_free();
  const std::string what = "give " + temporary_ + " its name";
  if (!lease_->extensions().posix_rename) return rename_without_replacing();
  lease_->check(lease_->call([&](RequestId id) { return extended_packet(id, kPosixRename, temporary_, path_); }), what);
}

/// The rename of version 3 fails where there is a file; OpenSSH makes a link for it, so of two at once one fails.
void Upload::rename_if_free() {
  const Reply reply = lease_->call([&](RequestId id) { return rename_packet(id, temporary_, path_); });
  if (parse_status(reply).is_ok()) return;
  if (lease_->facts(path_)) throw Error(LSHOST_E_EXISTS, lease_->server() + ": there is a file " + path_ + " already");
  lease_->check(reply, "give " + temporary_ + " its name");
}

/// The rename of version 3 fails where there is a file. One with the same bytes, from an earlier try, is what is wanted
/// and stays: at no moment it is missing. Another one is removed first.
void Upload::rename_without_replacing() {
  const auto rename_once = [&] {
    return lease_->call([&](RequestId id) { return rename_packet(id, temporary_, path_); });
  };
  const Reply reply = rename_once();
  if (parse_status(reply).is_ok()) return;
  const std::string what = "give " + temporary_ + " its name";
  if (!lease_->facts(path_)) return lease_->check(reply, what);
  const std::string& obsolete = have_same_content(*lease_, temporary_, path_) ? temporary_ : path_;
  lease_->check(lease_->call([&](RequestId id) { return one_text_packet(PacketType::remove, id, obsolete); }),
                "remove " + obsolete);
  if (obsolete == path_) lease_->check(rename_once(), what);
}

bool Upload::is_published_already() {
  if (lease_->facts(temporary_)) return false;
  const auto published = lease_->facts(path_);
  return published && published->size_bytes == window_.end();
}

/// A new connection, with all that was sent, sent again as far as it is not safe. Throws `lost`, or what is wrong now,
/// when that does not succeed.
void Upload::recover(const Error& lost) {
  futile_ = window_.begin() > recovered_at_ ? 0 : futile_ + 1;
  recovered_at_ = window_.begin();
  if (futile_ > kFutileMax) throw Error(lost);
  const bool is_large = window_.begin() >= kSyncEvery;
  const auto give_up = Clock::now() + (is_large ? remote_.options().patience_in_the_middle : milliseconds(0));
  for (auto pause = kPauseMin;; pause = std::min(pause * 2, kPauseMax)) {
    try {
      Lease fresh = remote_.pool().fresh();
      lease_ = std::move(fresh);
      return reopen();
    } catch (const Error& e) {
      if (lease_->is_usable() || !e.IsRetryable() || Clock::now() >= give_up) throw;
    }
    remote_.context().Sleep(pause);
  }
}

/// REQUIRES: a new connection.
void Upload::reopen() {
  sent_.clear();
  synced_to_ = window_.begin();
  if (temporary_.empty() || is_written_) return;
  if (window_.begin() == 0) {
    // Nothing is safe, so nothing is worth to be found again. The server may still write to the old one.
    remote_.leave_behind(std::exchange(temporary_, ""));
    create();
  } else {
    handle_ = lease_->open_for_writing(temporary_);
    const Attributes facts = lease_->facts_of_open(handle_, temporary_);
    if (!facts.size_bytes || *facts.size_bytes < window_.begin()) {
      throw Error(LSHOST_E_IO, lease_->server() + ": " + temporary_ + " lost bytes that the server had synced",
                  LSHOST_ERR_RETRYABLE);
    }
  }
  send_from(window_.begin());
}

void Upload::discard() noexcept {
  if (temporary_.empty()) return;
  try {
    if (!lease_ || !lease_->is_usable()) return remote_.leave_behind(temporary_);
    for (const Sent& sent : sent_) lease_->forget(sent.id);
    if (!handle_.empty()) lease_->drop(handle_);
    lease_->forget(lease_->post([&](RequestId id) { return one_text_packet(PacketType::remove, id, temporary_); }));
  } catch (...) {
    // It is found by its age.
  }
}

}  // namespace lshost::sftp
