#include "part_uploader.hpp"

#include <algorithm>
#include <utility>

#include <lshost/cpp/error.hpp>

#include "patience.hpp"

namespace lshost::s3 {

void PartBuffer::reserve(std::size_t wanted) {
  size = 0;
  if (capacity >= wanted) return;
  bytes.reset();
  bytes = std::make_unique_for_overwrite<std::byte[]>(wanted);
  capacity = wanted;
}

PartUploader::PartUploader(Client& client, std::string key, std::string upload_id)
    : client_(client),
      key_(std::move(key)),
      upload_id_(std::move(upload_id)),
      interrupt_([this] {
        client_.interrupt()();
        const std::lock_guard hold(mutex_);
        if (is_stopping_) throw Cancelled();
      }),
      room_bytes_((std::size_t{client.settings().concurrency} + 1) *
                  static_cast<std::size_t>(client.settings().part_size_bytes)) {}

PartUploader::~PartUploader() { stop(); }

void PartUploader::stop() noexcept {
  {
    const std::lock_guard hold(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

void PartUploader::rethrow() const {
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

PartBuffer PartUploader::take_buffer(std::size_t capacity) {
  PartBuffer buffer;
  {
    std::unique_lock hold(mutex_);
    // A part that is larger than all the room gets it when nothing else has any.
    changed_.wait(hold,
                  [&] { return failure_ != nullptr || used_bytes_ == 0 || used_bytes_ + capacity <= room_bytes_; });
    rethrow();
    if (!spare_.empty()) {
      buffer = std::move(spare_.back());
      spare_.pop_back();
    }
    used_bytes_ += std::max(capacity, buffer.capacity);
  }
  buffer.reserve(capacity);
  return buffer;
}

void PartUploader::add_first(PartBuffer part) {
  {
    const std::lock_guard hold(mutex_);
    used_bytes_ += part.capacity;
  }
  add(std::move(part));
}

void PartUploader::add(PartBuffer part) {
  bool all_are_busy = false;
  {
    const std::lock_guard hold(mutex_);
    rethrow();
    etags_.emplace_back();
    waiting_.push_back({static_cast<std::uint32_t>(etags_.size()), std::move(part)});
    all_are_busy = waiting_.size() + sending_ > threads_.size();
  }
  changed_.notify_all();
  if (all_are_busy && threads_.size() < client_.settings().concurrency) threads_.emplace_back([this] { work(); });
}

std::vector<std::string> PartUploader::etags() {
  std::unique_lock hold(mutex_);
  changed_.wait(hold, [&] { return failure_ != nullptr || (waiting_.empty() && sending_ == 0); });
  rethrow();
  return etags_;
}

void PartUploader::work() noexcept {
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [&] { return is_stopping_ || failure_ != nullptr || !waiting_.empty(); });
    if (is_stopping_ || failure_ != nullptr) return;
    Part part = std::move(waiting_.front());
    waiting_.pop_front();
    ++sending_;
    hold.unlock();
    std::string etag;
    std::exception_ptr failure;
    try {
      etag = send(part);
    } catch (...) {  // goes to the thread that waits for the upload
      failure = std::current_exception();
    }
    hold.lock();
    --sending_;
    used_bytes_ -= part.buffer.capacity;
    etags_[part.number - 1] = std::move(etag);
    if (failure != nullptr && failure_ == nullptr) failure_ = failure;
    spare_.push_back(std::move(part.buffer));
    changed_.notify_all();
  }
}

std::string PartUploader::send(const Part& part) {
  const Call call{.method = "PUT",
                  .key = key_,
                  .query = {{"partNumber", std::to_string(part.number)}, {"uploadId", upload_id_}},
                  .body = part.buffer.view(),
                  .verb = "put part " + std::to_string(part.number) + " of",
                  .needs = "s3:PutObject"};
  return with_patience(client_.context(), client_.settings().retry_for, [&] {
    interrupt_();
    std::string etag = client_.send(call, interrupt_).header("etag");
    if (etag.empty()) throw Error::Retryable("cannot put a part of " + key_ + ": the server's reply has no ETag");
    return etag;
  });
}

}  // namespace lshost::s3
