#include "engine/upload_window.hpp"

#include <algorithm>
#include <condition_variable>
#include <utility>

namespace lshost::engine {

struct UploadWindow::Shared {
  Shared(Uploader& with, OnStored tell) : uploader(with), on_stored(std::move(tell)) {}

  Uploader& uploader;
  const OnStored on_stored;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Upload>> uploads;  // guarded by mutex; in order, the told ones are gone
};

UploadWindow::UploadWindow(Uploader& uploader, Helpers& helpers, unsigned parallel, OnStored on_stored)
    : helpers_(helpers), parallel_(parallel), shared_(std::make_shared<Shared>(uploader, std::move(on_stored))) {}

UploadWindow::~UploadWindow() {
  std::unique_lock hold(shared_->mutex);
  std::erase_if(shared_->uploads, [](const auto& upload) { return !upload->is_taken; });
  shared_->changed.wait(
      hold, [&] { return std::ranges::all_of(shared_->uploads, [](const auto& upload) { return upload->is_done; }); });
}

void UploadWindow::submit(Segment segment) {
  std::size_t waiting = 0;
  {
    const std::lock_guard hold(shared_->mutex);
    shared_->uploads.push_back(std::make_shared<Upload>(std::move(segment)));
    waiting = static_cast<std::size_t>(
        std::ranges::count_if(shared_->uploads, [](const auto& upload) { return !upload->is_taken; }));
  }
  // The first one is ours; a helper takes over what was waiting when another comes.
  if (parallel_ > 1 && waiting > 1) {
    helpers_.run([shared = shared_] { (void)upload_one(*shared); });
  }
  wait_for_less_than(parallel_);
}

void UploadWindow::drain() { wait_for_less_than(1); }

void UploadWindow::wait_for_less_than(std::size_t count) {
  Shared& shared = *shared_;
  const auto has_failed = [&] { return !shared.uploads.empty() && shared.uploads.front()->failure; };
  for (;;) {
    {
      const std::lock_guard hold(shared.mutex);
      if (shared.uploads.size() < count) return;
    }
    if (upload_one(shared)) continue;
    std::unique_lock hold(shared.mutex);
    shared.changed.wait(hold, [&] { return shared.uploads.size() < count || has_failed(); });
    if (has_failed()) std::rethrow_exception(shared.uploads.front()->failure);
    return;
  }
}

bool UploadWindow::upload_one(Shared& shared) {
  std::shared_ptr<Upload> mine;
  {
    const std::lock_guard hold(shared.mutex);
    for (const auto& upload : shared.uploads) {
      if (upload->is_taken) continue;
      upload->is_taken = true;
      mine = upload;
      break;
    }
  }
  if (!mine) return false;
  std::exception_ptr failure;
  try {
    shared.uploader.put(mine->segment);
  } catch (...) {
    failure = std::current_exception();
  }
  mine->segment.raw.reset();
  finish(shared, *mine, std::move(failure));
  return true;
}

void UploadWindow::finish(Shared& shared, Upload& upload, std::exception_ptr failure) {
  {
    const std::lock_guard hold(shared.mutex);
    upload.is_done = true;
    upload.failure = std::move(failure);
    while (!shared.uploads.empty() && shared.uploads.front()->is_done && !shared.uploads.front()->failure) {
      shared.on_stored(shared.uploads.front()->segment);
      shared.uploads.pop_front();
    }
  }
  shared.changed.notify_all();
}

}  // namespace lshost::engine
